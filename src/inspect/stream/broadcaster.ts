import type { ServerResponse } from 'node:http'
import type { Clock } from '../../api/clock.ts'
import type { Observation, ReloaderEvent } from '../../api/internal/observation.ts'
import type { ActionName, EndReason, Hello, InspectedTransaction, MachineName, MachineState } from './protocol.ts'
import { hasFailed, type ReportedFailure, type StreamEvents } from './protocol.ts'
import { ReplayBuffer } from './replay-buffer.ts'
import { formatFrame, HEARTBEAT_FRAME, SseConnection } from './sse-connection.ts'
import { createThrottle, setBackgroundTimer, type Throttle } from './throttle.ts'
import { TransactionHistory } from './transaction-history.ts'

const MAX_CONNECTIONS = 8
/** How long the machines are observed after the last page has gone, so that a page that reconnects misses nothing. */
const LINGER_MS = 30_000
const HEARTBEAT_MS = 15_000
const STATUS_INTERVAL_MS = 250
const TRANSACTION_INTERVAL_MS = 100
const STATE_INTERVAL_MS = 40
const MAX_PENDING_FAILURES = 50
const MAX_SENT_MODULES = 500
/** Of a machine in a storm, the page highlights only the latest transitions. */
const MAX_TRANSITIONS = 32

/**
 * Sends what happens in a reloader to all open pages. Without a page it records transactions and does nothing else: it
 * observes no machine, takes no status and serializes nothing.
 */
export class Broadcaster {
  readonly history = new TransactionHistory()
  readonly #observation: Observation
  readonly #clock: Clock
  readonly #actions: readonly ActionName[]
  readonly #replayBuffer = new ReplayBuffer()
  readonly #states = new Map<MachineName, MachineState<MachineName>>()
  readonly #unsentStates = new Map<MachineName, MachineState<MachineName>>()
  readonly #connections = new Set<SseConnection>()
  readonly #stopObserving: () => void
  readonly #changedTransactions = new Set<string>()
  #pendingFailures: ReportedFailure[] = []
  #sentStatus = ''
  #sentHolds = ''
  #sentDigest: string | undefined
  #stopObservingMachines: (() => void) | undefined
  #lingerTimer: unknown
  #heartbeatTimer: unknown
  #endReason: EndReason | undefined
  /** In the order in which they are flushed. */
  readonly #throttles: Readonly<Record<'states' | 'transactions' | 'status', Throttle>>

  /** @param options.actions are those that pages may offer. */
  constructor(
    observation: Observation,
    { clock, actions }: { readonly clock: Clock; readonly actions: readonly ActionName[] },
  ) {
    this.#observation = observation
    this.#clock = clock
    this.#actions = actions
    this.#throttles = {
      states: createThrottle(clock, STATE_INTERVAL_MS, () => this.#sendStates()),
      transactions: createThrottle(clock, TRANSACTION_INTERVAL_MS, () => this.#sendTransactions()),
      status: createThrottle(clock, STATUS_INTERVAL_MS, () => this.#sendStatus()),
    }
    const { last, state } = observation.status()
    if (last !== undefined) this.history.addRecord(last)
    if (state === 'closed') this.#endReason = 'reloader.closed'
    this.#stopObserving = observation.observe((event) => this.#onEvent(event))
  }

  get isFull(): boolean {
    return this.#connections.size >= MAX_CONNECTIONS
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Turns a response into a stream. It resumes after the client's last event if all later events are still known. */
  connect(response: ServerResponse, lastEventId: string | undefined, csrfToken: string): void {
    this.#observeMachines()
    const connection = new SseConnection(response, (closed) => this.#disconnect(closed))
    // Pending updates become part of the replayed events or of the hello.
    this.#flush()
    const frames = this.#replayBuffer.framesAfter(lastEventId) ?? [this.#frame('hello', this.#createHello(csrfToken))]
    for (const frame of frames) connection.write(frame)
    if (this.#endReason !== undefined) return connection.end(this.#frame('end', { reason: this.#endReason }))
    this.#connections.add(connection)
    if (this.#heartbeatTimer === undefined) this.#scheduleHeartbeat()
  }

  /** Ends all streams for good. */
  close(reason: EndReason): void {
    this.#flush()
    this.#endReason ??= reason
    for (const connection of this.#connections) connection.end(this.#frame('end', { reason: this.#endReason }))
    this.#connections.clear()
    this.#goIdle()
    if (reason === 'inspector.closed') this.#stopObserving()
  }

  #onEvent(event: ReloaderEvent): void {
    const changed = this.history.add(event)
    if (event.kind === 'closed') return this.close('reloader.closed')
    if (this.#stopObservingMachines === undefined) return
    if (event.kind === 'reported') {
      const failure = { ...event.failure, at: event.at }
      this.#pendingFailures = [...this.#pendingFailures, failure].slice(-MAX_PENDING_FAILURES)
    }
    if (changed !== undefined) this.#changedTransactions.add(changed)
    if (changed !== undefined || event.kind === 'reported') this.#throttles.transactions.request()
    this.#throttles.status.request()
  }

  #createHello(csrfToken: string): Hello {
    const { newest, summaries, reported } = this.history
    const { inspected } = this.#observation
    const status = this.#observation.status()
    return {
      service: inspected?.service,
      status,
      holds: inspected?.holds(),
      config: inspected?.config(),
      machines: Object.fromEntries(this.#states),
      transactions: summaries,
      current: newest && limitModules(newest),
      reported,
      actions: this.#endReason === undefined ? this.#actions : [],
      csrfToken,
      now: this.#clock.now(),
    }
  }

  /** Formats an event for a single page. It has the last id, because no stream may resume before it. */
  #frame<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name]): string {
    return formatFrame(this.#replayBuffer.lastId, name, data)
  }

  #sendStates(): void {
    for (const state of this.#unsentStates.values()) this.#broadcast('state', state)
    this.#unsentStates.clear()
  }

  #sendTransactions(): void {
    for (const id of this.#changedTransactions) {
      const transaction = this.history.get(id)
      if (transaction !== undefined) this.#broadcast('transaction', limitModules(transaction), `transaction ${id}`)
    }
    this.#changedTransactions.clear()
    for (const failure of this.#pendingFailures.splice(0)) this.#broadcast('reported', failure)
  }

  #sendStatus(): void {
    const status = this.#observation.status()
    const text = JSON.stringify(status)
    if (text !== this.#sentStatus) this.#broadcast('status', status, 'status')
    this.#sentStatus = text
    this.#sendParts(status.serving?.digest)
  }

  /** Sends what belongs to the serving config. While old generations drain nothing else happens, so it looks again. */
  #sendParts(digest: string | undefined): void {
    const { inspected } = this.#observation
    const holds = inspected?.holds()
    const config = digest === this.#sentDigest ? undefined : inspected?.config()
    const text = JSON.stringify(holds)
    if (holds !== undefined && text !== this.#sentHolds) this.#broadcast('holds', holds, 'holds')
    if (config !== undefined) this.#broadcast('config', config, 'config')
    this.#sentHolds = text
    this.#sentDigest = digest
    if (holds !== undefined && Object.keys(holds.draining).length > 0) this.#throttles.status.request()
  }

  #broadcast<Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name], key?: string): void {
    const frame = this.#replayBuffer.push(name, key, data)
    for (const connection of this.#connections) connection.write(frame)
  }

  #flush(): void {
    for (const throttle of Object.values(this.#throttles)) throttle.flush()
  }

  #observeMachines(): void {
    this.#clock.clearTimeout(this.#lingerTimer)
    this.#lingerTimer = undefined
    if (this.#stopObservingMachines !== undefined) return
    this.#unsentStates.clear()
    for (const state of this.#observation.machines()) this.#states.set(state.machine, state)
    if (this.#endReason !== undefined) return
    this.#stopObservingMachines = this.#observation.observeMachines((state) => {
      // Quick steps of one machine are merged.
      const taken = [...(this.#unsentStates.get(state.machine)?.taken ?? []), ...state.taken].slice(-MAX_TRANSITIONS)
      this.#unsentStates.set(state.machine, { ...state, taken })
      this.#states.set(state.machine, state)
      this.#throttles.states.request()
      this.#throttles.status.request()
    })
  }

  #disconnect(connection: SseConnection): void {
    if (!this.#connections.delete(connection) || this.#connections.size > 0) return
    this.#clock.clearTimeout(this.#heartbeatTimer)
    this.#heartbeatTimer = undefined
    this.#lingerTimer = setBackgroundTimer(this.#clock, () => this.#goIdle(), LINGER_MS)
  }

  /** Stops observing the machines. Events from now on are not buffered, so no stream can resume across the gap. */
  #goIdle(): void {
    this.#stopObservingMachines?.()
    this.#stopObservingMachines = undefined
    for (const timer of [this.#lingerTimer, this.#heartbeatTimer]) this.#clock.clearTimeout(timer)
    for (const throttle of Object.values(this.#throttles)) throttle.cancel()
    this.#heartbeatTimer = undefined
    this.#changedTransactions.clear()
    this.#pendingFailures = []
    this.#replayBuffer.markGap()
  }

  #scheduleHeartbeat(): void {
    const beat = (): void => {
      for (const connection of this.#connections) connection.write(HEARTBEAT_FRAME)
      this.#scheduleHeartbeat()
    }
    this.#heartbeatTimer = setBackgroundTimer(this.#clock, beat, HEARTBEAT_MS)
  }
}

/** Keeps the first modules and those that failed, if there are very many. An export has all of them. */
const limitModules = (transaction: InspectedTransaction): InspectedTransaction => {
  if (transaction.modules.length <= MAX_SENT_MODULES) return transaction
  const modules = transaction.modules.filter(({ phases }, at) => at < MAX_SENT_MODULES / 2 || phases.some(hasFailed))
  return { ...transaction, modules: modules.slice(0, MAX_SENT_MODULES) }
}
