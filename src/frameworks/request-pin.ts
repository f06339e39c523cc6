import type { ServerResponse } from 'node:http'
import { holdingOf, type TakeHold } from '../api/internal/holding.ts'
import type { LeasedView } from '../api/modules.ts'
import { Pin, type RouteOf } from './pin.ts'

const pinKey = Symbol('changeover.pin')
const reloaderKey = Symbol('changeover.reloader')

/** A request of `node:http` as the adapters mark it, or a request of a framework that has one. */
interface MarkedRequest {
  [pinKey]?: Pin
  [reloaderKey]?: object
  readonly raw?: MarkedRequest
}

/** Finds the pin of a request by the request of the framework, or by that of `node:http`. */
export const pinOf = (request: object): Pin | undefined => {
  const marked: MarkedRequest = request
  return marked[pinKey] ?? marked.raw?.[pinKey]
}

/** Returns the reloader of the adapter that has seen this request of `node:http`. */
export const reloaderOf = (request: object): object | undefined => (request as MarkedRequest)[reloaderKey]

/** What all adapters of frameworks know of a reloader. */
export class RequestPins {
  readonly reloader: object
  readonly #take: TakeHold

  /** @throws ChangeoverError `reloader.invalid-option` */
  constructor(reloader: object) {
    this.reloader = reloader
    this.#take = holdingOf(reloader)
  }

  /**
   * Pins a request of `node:http` until its response has closed.
   *
   * @throws ChangeoverError `request.after-close`, `reloader.not-started`
   */
  pin<Pinned>(request: object, response: ServerResponse, routeOf: RouteOf<Pinned>, pinned: Pinned): Pin {
    const pin = new Pin(this.reloader, this.#take, routeOf, pinned)
    ;(request as MarkedRequest)[pinKey] = pin
    if (response.closed || response.destroyed) pin.release()
    else response.on('close', () => pin.release()) // `once` would cost more than the hold (bench: pinned)
    return pin
  }

  /** Ends the hold of a request that lasts: from now on it sees what serves. */
  unpin(request: object): void {
    pinOf(request)?.release()
    const marked: MarkedRequest = request
    const carrier = marked.raw ?? marked
    delete carrier[pinKey]
  }

  /** Lets another adapter see that this one has had the request. */
  mark(request: object): void {
    ;(request as MarkedRequest)[reloaderKey] = this.reloader
  }

  /** What a request sees: what it holds, or what serves if it is not pinned. */
  viewOf(pin: Pin | undefined): LeasedView<object, object> {
    return pin === undefined ? (this.reloader as LeasedView<object, object>) : pin.view
  }
}
