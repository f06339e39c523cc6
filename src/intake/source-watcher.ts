import { createActor } from 'xstate'
import type { SourceVerdict, WatchMachineEvent } from '../../machines/watch/types.ts'
import type { Source, SourceEvent } from '../api/source.ts'
import type { SourceState, SourceStatus } from '../api/status.ts'
import { GuardedAbortController } from '../async/guarded-abort.ts'
import { ignoreRejection } from '../async/thenable.ts'
import { type Failure, failure, type SourceCode } from '../model/failure.ts'
import type { Revision } from '../model/revision.ts'
import type { HostCalls } from '../xstate/host-calls.ts'
import { actorOptions, type Report } from '../xstate/inspection.ts'
import type { ObservableActor } from '../xstate/machine-observer.ts'
import { WorkRunner } from '../xstate/work-runner.ts'
import { ContractBreach, toSourceEvent } from './read-result.ts'
import { SourceOutage } from './source-outage.ts'
import { sourceCodeOf, type SourceReader, type Stream } from './source-reader.ts'
import { type OnCandidate, watchDeps, watchMachine, type WatchSettings } from './watch-host.ts'

/** Hears what the watch comes to. */
export interface WatchObserver {
  readonly report: Report
  readonly calls: HostCalls
  /** Hears what a listener on the signal of a watch throws. */
  readonly onListenerError: (error: unknown) => void
  /** The machine has entered a state. */
  readonly onState: () => void
}

/** Runs the watch machine on a source, and passes on each candidate that it delivers. */
export class SourceWatcher {
  readonly #settings: WatchSettings
  readonly #reader: SourceReader
  readonly #observer: WatchObserver
  readonly #report: Report
  readonly #calls: HostCalls
  readonly #actor
  readonly #outage: SourceOutage
  #state: SourceState = 'connecting'
  #since: number
  #lastError: Failure | undefined
  #hasOpenedLate = false

  constructor(settings: WatchSettings, reader: SourceReader, onCandidate: OnCandidate, observer: WatchObserver) {
    const { report, calls } = observer
    this.#settings = settings
    this.#reader = reader
    this.#observer = observer
    this.#report = report
    this.#since = settings.clock.now()
    this.#outage = new SourceOutage(settings)
    this.#calls = calls
    this.#actor = createActor(watchMachine(), actorOptions('watch', settings, report, calls))
    const reads = new WorkRunner<'readSource'>(calls, (answer) => this.#send(answer as WatchMachineEvent))
    watchDeps.set(this.#actor.system, {
      settings,
      startRead: () => reads.begin('readSource', ({ signal }) => this.#read(signal)),
      stopRead: () => reads.stop(),
      watch: (after, send) => this.#watch(after, (event) => calls.around(() => send(event))),
      onCandidate,
      report,
    })
    this.#actor.subscribe({
      next: ({ value, context }) => {
        this.#noteState(typeof value === 'string' ? value : value.following)
        this.#outage.noteState(this.#state, context.attempts === 0)
      },
      error: (error) => report(failure('internal.error', { phase: 'fetching' }, error)),
    })
  }

  get actor(): ObservableActor {
    return this.#actor
  }

  start(): void {
    this.#calls.around(() => this.#actor.start())
  }

  /** Ends watching and reading at once. */
  stop(): void {
    this.#send({ type: 'close.requested' })
    this.#actor.stop()
    this.#noteState('closed')
  }

  /** Makes the watch machine read again, if it follows the source. */
  recheck(): void {
    this.#send({ type: 'watch.changed' })
  }

  get status(): SourceStatus {
    const { name, endpoint } = this.#settings.source
    const layers = layersOf(this.#settings.source)
    const { verifiedAt } = this.#reader
    const { seen } = this.#actor.getSnapshot().context
    return {
      name,
      endpoint,
      state: this.#state,
      since: this.#since,
      ...(seen === undefined ? {} : { revision: seen }),
      ...(verifiedAt === undefined ? {} : { verifiedAt }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
      ...(layers === undefined ? {} : { layers }),
    }
  }

  #send(event: WatchMachineEvent): void {
    if (this.#actor.getSnapshot().status === 'active') this.#calls.around(() => this.#actor.send(event))
  }

  #noteState(state: SourceState): void {
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#settings.clock.now()
    this.#observer.onState()
  }

  async #read(signal: AbortSignal): Promise<SourceVerdict> {
    const outcome = await this.#reader.read(signal)
    if (outcome.kind === 'read') return outcome
    if (!signal.aborted) this.#noteError(outcome.failure)
    return { kind: 'failed', cause: outcome.failure.code }
  }

  #watch(after: Revision | undefined, send: (event: WatchMachineEvent) => void): () => void {
    const controller = new GuardedAbortController(this.#observer.onListenerError)
    if (after !== undefined) void this.#pump(after, controller.signal, send)
    return () => controller.abort()
  }

  /** Turns what the source reports into events until it breaks or the signal aborts. Never rejects. */
  async #pump(after: Revision, signal: AbortSignal, send: (event: WatchMachineEvent) => void): Promise<void> {
    let cause: SourceCode = 'source.closed'
    try {
      const stream = this.#reader.openStream(after)
      const events = this.#settings.source.watch(stream.after, signal)
      ignoreRejection(events) // of an async function that was given instead of an async generator
      if (!isIterable(events)) throw new ContractBreach('watch returned no async iterable')
      let isOpen = false
      for await (const given of events) {
        if (signal.aborted) return
        const event = toSourceEvent(given)
        if (event.kind !== 'opened' && !isOpen) {
          this.#noteLateOpening(event.kind)
          send({ type: 'watch.opened' })
        }
        isOpen = true
        send(this.#toMachineEvent(event, stream))
      }
      if (!signal.aborted) this.#noteError(this.#reader.failureOf(cause))
    } catch (error) {
      cause = sourceCodeOf(error)
      if (!signal.aborted) this.#noteError(this.#reader.failureOf(cause, error))
    }
    if (!signal.aborted) send({ type: 'watch.broke', cause })
  }

  /** What a stream cannot prove is read. */
  #toMachineEvent(event: SourceEvent, stream: Stream): WatchMachineEvent {
    if (event.kind === 'opened') return { type: 'watch.opened' }
    const candidate = event.kind === 'changed' ? undefined : stream.candidateOf(event)
    return candidate === undefined ? { type: 'watch.changed' } : { type: 'watch.reported', candidate }
  }

  #noteLateOpening(kind: SourceEvent['kind']): void {
    const detail = `the watch reported ${kind} before opened`
    if (!this.#hasOpenedLate) this.noteFault(failure('source.contract', { phase: 'fetching', detail }))
    this.#hasOpenedLate = true
  }

  /** Shows what is wrong with an answer of the source, and reports it, unless it passes by itself. */
  noteFault(fault: Failure): void {
    if (fault.code === 'source.stale') return this.#noteError(fault)
    this.#lastError = fault
    this.#report(fault)
  }

  #noteError(failed: Failure): void {
    this.#lastError = failed
    this.#outage.note(failed)
  }
}

/** The source is user code. */
const layersOf = (source: Source): SourceStatus['layers'] => {
  try {
    return source.layers?.()
  } catch {
    return undefined
  }
}

const isIterable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
