import type { Hold, Holder, TakeHold } from '../api/internal/holding.ts'
import type { LeasedView } from '../api/modules.ts'
import { changeoverError, isChangeoverError } from '../model/failure.ts'

/** What ends with an event `close`: a response, a socket, a stream. */
export interface Closable {
  readonly once: (event: 'close', listener: () => void) => unknown
  readonly closed?: boolean
  readonly destroyed?: boolean
}

/** Names the route of what is pinned, a request or a message: its pattern, never its URL. */
export type RouteOf<Pinned = never> = (pinned: Pinned) => string | undefined

/** The hold of one request on what serves. */
export class Pin implements Holder {
  readonly reloader: object
  readonly #take: TakeHold
  #hold: Hold
  #isHeld = true
  #routeOf: RouteOf | undefined
  #pinned: unknown

  /**
   * @param pinned what `routeOf` is asked about: a function for each request would cost more (bench: pinned)
   * @throws ChangeoverError `request.after-close`, `reloader.not-started`
   */
  constructor(reloader: object, take: TakeHold, routeOf?: RouteOf, pinned?: unknown) {
    this.reloader = reloader
    this.#take = take
    this.#routeOf = routeOf
    this.#pinned = pinned
    this.#hold = takeOrRefuse(take, this)
  }

  get view(): LeasedView<object, object> {
    return this.#hold.view
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  /** True if the request has ended and another config serves: what the view shows may be closed. */
  get isOutdated(): boolean {
    return !this.#isHeld && !this.#hold.isServing()
  }

  get route(): string | undefined {
    try {
      return this.#routeOf?.(this.#pinned as never)
    } catch {
      return undefined // a getter of the framework, or of who patches it
    }
  }

  /** Called once more is known of the route than at the beginning of the request. */
  nameRoute<Pinned>(routeOf: RouteOf<Pinned>, pinned: Pinned): void {
    this.#routeOf = routeOf
    this.#pinned = pinned
  }

  /** Holds what serves now instead. */
  renew(): void {
    if (!this.#isHeld) throw changeoverError('request.not-pinned', { detail: 'the request has ended' })
    const previous = this.#hold
    this.#hold = takeOrRefuse(this.#take, this)
    previous.release()
  }

  /** Ends the hold, at any time and any number of times. */
  release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#hold.release()
  }

  /** Ends the hold when this has closed: aborted requests close too, but never finish. */
  endWith(closable: Closable): void {
    if (closable.closed === true || closable.destroyed === true) this.release()
    else closable.once('close', () => this.release())
  }
}

/** Takes a hold. A private method would cost each pin a mark of its own (bench: pinned). */
const takeOrRefuse = (take: TakeHold, pin: Pin): Hold => {
  try {
    return take(pin)
  } catch (error) {
    throw isChangeoverError(error) && error.code === 'reloader.closed'
      ? unavailable(changeoverError('request.after-close'))
      : unavailable(error)
  }
}

/** Fastify and Express answer with this status, and balancers try another instance. */
const unavailable = (error: unknown): unknown => Object.assign(error as Error, { status: 503, statusCode: 503 })
