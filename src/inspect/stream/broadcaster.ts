import type { ServerResponse } from 'node:http'
import type { Clock } from '../../api/clock.ts'
import type { Observation, Observed } from '../../api/observed.ts'
import { ChartLog } from './machine-log.ts'
import { History } from './transaction-history.ts'
import { Ring } from './replay-buffer.ts'
import { armQuietly, Throttle } from './throttle.ts'
import type {
  ActionName,
  Hello,
  InspectedModule,
  InspectedPhase,
  InspectedTransaction,
  ReportedFailure,
  WireEvents,
} from './protocol.ts'
import { frameOf, HEARTBEAT, Viewer } from './sse-connection.ts'

/** Streams at one time. */
const MAX_VIEWERS = 8
/** How long the machines are followed after the last viewer has gone: a page that reconnects misses nothing. */
const LINGER_MS = 30_000
const HEARTBEAT_MS = 15_000
const STATUS_GAP_MS = 250
const TRANSACTION_GAP_MS = 100
const STATE_GAP_MS = 40
const MAX_PENDING_REPORTS = 50
const MAX_SHOWN_MODULES = 500

export interface FeedOptions {
  readonly clock: Clock
  /** What viewers are offered. */
  readonly actions: readonly ActionName[]
}

/**
 * What happens in a reloader, to all who look. Without viewers it notes transactions and nothing else: no machine is
 * followed, no status taken, nothing made into JSON.
 */
export class Feed {
  readonly history = new History()
  readonly #observation: Observation
  readonly #clock: Clock
  readonly #actions: readonly ActionName[]
  readonly #ring = new Ring()
  readonly #charts = new ChartLog()
  readonly #viewers = new Set<Viewer>()
  readonly #stopObserving: () => void
  readonly #changed = new Set<string>()
  #reports: ReportedFailure[] = []
  #status = ''
  #stopFollowing: (() => void) | undefined
  #lingering: unknown
  #beating: unknown
  #bye: WireEvents['bye']['reason'] | undefined
  readonly #statusThrottle: Throttle
  readonly #stateThrottle: Throttle
  readonly #transactionThrottle: Throttle

  constructor(observation: Observation, { clock, actions }: FeedOptions) {
    this.#observation = observation
    this.#clock = clock
    this.#actions = actions
    this.#statusThrottle = new Throttle(clock, STATUS_GAP_MS, () => this.#sendStatus())
    this.#stateThrottle = new Throttle(clock, STATE_GAP_MS, () => this.#sendStates())
    this.#transactionThrottle = new Throttle(clock, TRANSACTION_GAP_MS, () => this.#sendTransactions())
    const { last, state } = observation.status()
    if (last !== undefined) this.history.adopt(last)
    if (state === 'closed') this.#bye = 'reloader.closed'
    this.#stopObserving = observation.observe((event) => this.#note(event))
  }

  /** False where no other stream may be opened. */
  get hasRoom(): boolean {
    return this.#viewers.size < MAX_VIEWERS
  }

  get viewers(): number {
    return this.#viewers.size
  }

  /** Turns a response into a stream, which goes on after the last event that its reader has seen, where that is known. */
  open(response: ServerResponse, lastEventId: string | undefined, csrf: string): void {
    this.#follow()
    const viewer = new Viewer(response, (gone) => this.#leave(gone))
    // What waits is then part of what is missed, and of what the greeting says.
    this.#flush()
    const missed = lastEventId === undefined ? undefined : this.#ring.after(parseId(lastEventId))
    if (missed === undefined) viewer.write(frameOf(this.#ring.lastId, 'hello', JSON.stringify(this.#hello(csrf))))
    else for (const frame of missed) viewer.write(frame)
    if (this.#bye !== undefined) return viewer.end(this.#byeFrame(this.#bye))
    this.#viewers.add(viewer)
    if (this.#beating === undefined) this.#beat()
  }

  /** Ends all streams, for good. */
  close(reason: WireEvents['bye']['reason']): void {
    this.#flush()
    this.#bye ??= reason
    for (const viewer of this.#viewers) viewer.end(this.#byeFrame(this.#bye))
    this.#viewers.clear()
    this.#rest()
    if (reason === 'inspector.closed') this.#stopObserving()
  }

  #note(event: Observed): void {
    const changed = this.history.note(event)
    if (event.kind === 'closed') return this.close('reloader.closed')
    if (this.#stopFollowing === undefined) return
    if (event.kind === 'reported') {
      this.#reports = [...this.#reports, { ...event.failure, at: event.at }].slice(-MAX_PENDING_REPORTS)
      this.#transactionThrottle.ask()
    }
    if (changed !== undefined) {
      this.#changed.add(changed)
      this.#transactionThrottle.ask()
    }
    this.#statusThrottle.ask()
  }

  #hello(csrf: string): Hello {
    const { newest, heads, reported } = this.history
    return {
      status: this.#observation.status(),
      charts: this.#charts.all,
      transactions: heads,
      ...(newest === undefined ? {} : { current: shown(newest) }),
      reported,
      actions: this.#bye === undefined ? this.#actions : [],
      csrf,
      now: this.#clock.now(),
    }
  }

  #byeFrame(reason: WireEvents['bye']['reason']): string {
    return frameOf(this.#ring.lastId, 'bye', JSON.stringify({ reason }))
  }

  #send<Event extends keyof WireEvents>(event: Event, data: WireEvents[Event], key?: string): void {
    const frame = this.#ring.push(event, key, data)
    for (const viewer of this.#viewers) viewer.write(frame)
  }

  #sendStates(): void {
    for (const state of this.#charts.take()) this.#send('state', state)
  }

  #sendTransactions(): void {
    for (const id of this.#changed) {
      const transaction = this.history.get(id)
      if (transaction !== undefined) this.#send('transaction', shown(transaction), `transaction ${id}`)
    }
    this.#changed.clear()
    for (const report of this.#reports.splice(0)) this.#send('reported', report)
  }

  #sendStatus(): void {
    const status = this.#observation.status()
    const text = JSON.stringify(status)
    if (text === this.#status) return
    this.#status = text
    this.#send('status', status, 'status')
  }

  #flush(): void {
    this.#stateThrottle.flush()
    this.#transactionThrottle.flush()
    this.#statusThrottle.flush()
  }

  #follow(): void {
    this.#clock.clearTimeout(this.#lingering)
    this.#lingering = undefined
    if (this.#stopFollowing !== undefined) return
    this.#charts.reset(this.#observation.machines())
    if (this.#bye !== undefined) return
    this.#stopFollowing = this.#observation.observeMachines((state) => {
      this.#charts.note(state)
      this.#stateThrottle.ask()
      this.#statusThrottle.ask()
    })
  }

  #leave(viewer: Viewer): void {
    if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return
    this.#clock.clearTimeout(this.#beating)
    this.#beating = undefined
    this.#lingering = armQuietly(this.#clock, () => this.#rest(), LINGER_MS)
  }

  /** Nobody looks: the machines are let alone, and what happens from now on is not kept event by event. */
  #rest(): void {
    this.#stopFollowing?.()
    this.#stopFollowing = undefined
    for (const timer of [this.#lingering, this.#beating]) this.#clock.clearTimeout(timer)
    for (const throttle of [this.#stateThrottle, this.#transactionThrottle, this.#statusThrottle]) throttle.cancel()
    this.#beating = undefined
    this.#changed.clear()
    this.#reports = []
    this.#ring.interrupt()
  }

  #beat(): void {
    this.#beating = armQuietly(
      this.#clock,
      () => {
        for (const viewer of this.#viewers) viewer.write(HEARTBEAT)
        this.#beat()
      },
      HEARTBEAT_MS,
    )
  }
}

/** Of very many modules the first, and those that failed; the export has all. */
const shown = (transaction: InspectedTransaction): InspectedTransaction => {
  if (transaction.modules.length <= MAX_SHOWN_MODULES) return transaction
  const failed = (module: InspectedModule): boolean => module.phases.some(({ result }) => failedResults.has(result))
  const modules = transaction.modules.filter((module, at) => at < MAX_SHOWN_MODULES / 2 || failed(module))
  return { ...transaction, modules: modules.slice(0, MAX_SHOWN_MODULES) }
}

const failedResults = new Set<InspectedPhase['result']>(['failed', 'timed-out'])

const parseId = (text: string): number => (/^\d{1,15}$/.test(text) ? Number(text) : -1)
