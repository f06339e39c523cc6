import { createActor, fromCallback } from 'xstate'
import type { Candidate } from '../model/candidate.ts'
import { watchMachine } from '../../machines/watch/machine.ts'
import { candidateOf } from '../../machines/watch/setup.ts'
import type { SourceVerdict, WatchMachineEvent } from '../../machines/watch/types.ts'
import { backoffMs } from '../async/backoff.ts'
import { ignoreRejection } from '../async/deadline.ts'
import type { ObservableActor } from '../xstate/machine-observer.ts'
import { MAX_DELAY_MS } from '../api/clock.ts'
import { actorOptions } from '../xstate/inspection.ts'
import { createOwners } from '../xstate/actor-owners.ts'
import type { SourceState, SourceStatus } from '../api/status.ts'
import { type Failure, failure, type SourceCode } from '../model/failure.ts'
import { isNewer, type Revision } from '../model/revision.ts'
import type { Settings } from '../settings/settings.ts'
import { fromStep } from '../xstate/step-actor.ts'
import { sourceCodeOf, sourceFailure, type SourceReader, toReading } from './source-reader.ts'

/** What moves when the watch machine decides. */
interface WatcherDeps {
  readonly settings: Settings
  readonly read: (signal: AbortSignal) => Promise<SourceVerdict>
  readonly watch: (after: Revision | undefined, send: (event: WatchMachineEvent) => void) => () => void
  readonly deliver: (candidate: Candidate, from: 'stream' | 'read') => void
  readonly report: (failure: Failure) => void
}

const owners = createOwners<WatcherDeps>()

const partsOf = owners.of

/** The chart with its holes filled, once for all reloaders. */
const machine = watchMachine.provide({
  actors: {
    readSource: fromStep<SourceVerdict, unknown>(async ({ system, signal }) => partsOf(system).read(signal)),
    watchSource: fromCallback<WatchMachineEvent, { readonly after: Revision | undefined }>(
      ({ sendBack, input, system }) => partsOf(system).watch(input.after, sendBack),
    ),
  },
  actions: {
    deliver: ({ event, system }) => {
      const candidate = candidateOf(event)
      if (candidate === undefined) return
      partsOf(system).deliver(candidate, event.type === 'watch.reported' ? 'stream' : 'read')
    },
    reportBroken: ({ system }) => partsOf(system).report(failure('internal.error', { phase: 'fetching' })),
  },
  delays: {
    backoff: ({ context, system }) => {
      const { sourceBackoff: retry, random } = partsOf(system).settings
      return backoffMs(retry, context.attempts, random)
    },
    openDeadline: ({ system }) => partsOf(system).settings.deadlines.readMs,
    steadyAfter: ({ system }) => partsOf(system).settings.sourceBackoff.maxMs,
    reconcileInterval: ({ system }) => {
      const { reconcileMs, random } = partsOf(system).settings
      return Math.min(MAX_DELAY_MS, reconcileMs * (0.9 + random() * 0.2))
    },
  },
})

/** Runs the watch machine on a source, and hands on each candidate that it delivers. */
export class SourceWatcher {
  readonly #settings: Settings
  readonly #reader: SourceReader
  readonly #actor
  #state: SourceState = 'connecting'
  #since: number
  #lastError: Failure | undefined

  constructor(
    settings: Settings,
    reader: SourceReader,
    deliver: (candidate: Candidate, from: 'stream' | 'read') => void,
    report: (failure: Failure) => void,
  ) {
    this.#settings = settings
    this.#reader = reader
    this.#since = settings.clock.now()
    this.#actor = createActor(machine, actorOptions('watch', settings, report))
    owners.note(this.#actor.system, {
      settings,
      read: (signal) => this.#read(signal),
      watch: (after, send) => this.#watch(after, send),
      deliver,
      report,
    })
    this.#actor.subscribe({
      next: ({ value }) => this.#noteState(typeof value === 'string' ? value : value.following),
      error: (error) => report(failure('internal.error', { phase: 'fetching' }, error)),
    })
  }

  get actor(): ObservableActor {
    return this.#actor
  }

  start(): void {
    this.#actor.start()
  }

  /** Ends watching and reading at once. */
  stop(): void {
    this.#actor.send({ type: 'close.requested' })
    this.#actor.stop()
    this.#noteState('closed')
  }

  /** Has the source read again, where it is being followed. */
  recheck(): void {
    this.#actor.send({ type: 'watch.changed' })
  }

  get status(): SourceStatus {
    const { source } = this.#settings
    const { verifiedAt } = this.#reader
    const revision = this.revision
    return {
      name: source.name,
      endpoint: source.endpoint,
      state: this.#state,
      since: this.#since,
      ...(revision === undefined ? {} : { revision }),
      ...(verifiedAt === undefined ? {} : { verifiedAt }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    }
  }

  get revision(): Revision | undefined {
    return this.#actor.getSnapshot().context.seen
  }

  get lastError(): Failure | undefined {
    return this.#lastError
  }

  #noteState(state: SourceState): void {
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#settings.clock.now()
  }

  async #read(signal: AbortSignal): Promise<SourceVerdict> {
    const result = await this.#reader.read(signal)
    if (result.kind === 'read') return { kind: 'read', candidate: result.candidate }
    if (!signal.aborted) this.#noteError(result.failure)
    return { kind: 'failed', cause: result.failure.code }
  }

  #watch(after: Revision | undefined, send: (event: WatchMachineEvent) => void): () => void {
    const controller = new AbortController()
    if (after !== undefined) void this.#pump(after, controller.signal, send)
    return () => controller.abort()
  }

  /** Turns what the source reports into events until it breaks or nobody listens. Never rejects. */
  async #pump(after: Revision, signal: AbortSignal, send: (event: WatchMachineEvent) => void): Promise<void> {
    let cause: SourceCode = 'source.closed'
    try {
      const events = this.#settings.source.watch(after, signal)
      ignoreRejection(events) // of an async function where an async generator belongs
      for await (const event of events) {
        if (signal.aborted) return
        if (event.kind === 'opened') send({ type: 'watch.opened' })
        else if (event.kind === 'changed') send({ type: 'watch.changed' })
        else send({ type: 'watch.reported', candidate: this.#reader.register(toReading(event)) })
      }
      if (!signal.aborted) this.#noteError(sourceFailure(cause))
    } catch (error) {
      cause = sourceCodeOf(error)
      if (!signal.aborted) this.#noteError(sourceFailure(cause, error))
    }
    if (!signal.aborted) send({ type: 'watch.broke', cause })
  }

  #noteError(failed: Failure): void {
    this.#lastError = failed
    this.#settings.logger.warn({ changeover: failed }, failed.message)
  }
}

/** True where two revisions are of one document. */
export const isInSync = (serving: Revision | undefined, seen: Revision | undefined): boolean =>
  serving !== undefined && seen !== undefined && !isNewer(seen, serving)
