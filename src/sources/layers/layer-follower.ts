import { MAX_DELAY_MS } from '../../api/clock.ts'
import type { ReadResult, SourceContext } from '../../api/source.ts'
import type { LayerStatus } from '../../api/status.ts'
import { linkSignals } from '../../async/abort.ts'
import { SourceWatcher } from '../../intake/source-watcher.ts'
import type { Candidate } from '../../model/candidate.ts'
import type { Failure, SourceCode } from '../../model/failure.ts'
import { isSameRevision } from '../../model/revision.ts'
import { HostCalls } from '../../xstate/host-calls.ts'
import type { LayerReading } from './layer-reading.ts'
import type { ResolvedLayer } from './options.ts'
import { SerialReader } from './serial-reader.ts'

/** A layer's own deadline is below the reloader's, so that the others are heard before that. */
const SHARE_OF_READ_MS = 0.8

/**
 * Follows one layer by itself, as the reloader follows a source: with a watch, a back-off, a deadline and a guard of
 * revisions of its own, so that it never goes back.
 */
export class LayerFollower {
  readonly layer: ResolvedLayer
  readonly #context: SourceContext
  readonly #closed: AbortSignal
  readonly #onChange: () => void
  readonly #reader: SerialReader
  #watcher: SourceWatcher | undefined
  #result: ReadResult | undefined
  /** What is wrong with the last answer, although it is one. */
  #warning: SourceCode | undefined
  #staleSince: number | undefined
  #lastError: Failure | undefined

  /** @param closed aborts when the source is closed */
  constructor(layer: ResolvedLayer, context: SourceContext, closed: AbortSignal, onChange: () => void) {
    this.#closed = closed
    this.layer = layer
    this.#context = context
    this.#onChange = onChange
    const { clock, readMs } = context
    this.#reader = new SerialReader(layer.source, clock, readMs * SHARE_OF_READ_MS, {
      onListenerError: (error) => this.#report('source.failed', error),
      // Warnings and older answers are part of what a read results in.
      onFault: (fault) => {
        if (fault.code === 'source.contract') this.#report(fault.code, undefined, fault.detail)
      },
    })
  }

  /** Reads once. Never rejects: the result is what is known afterwards. */
  async read(signal: AbortSignal): Promise<void> {
    // A read that others no longer wait for goes on, but not beyond the close.
    const linked = linkSignals(signal, this.#closed)
    const outcome = await this.#reader.read(linked.signal)
    linked.unlink()
    if (linked.signal.aborted) return
    if (outcome.kind === 'failed') return this.#lose(outcome.failure)
    this.#take(outcome.candidate, 'read', outcome.fault)
  }

  /** Reads and watches until `stop`. */
  start(): void {
    const { clock, random, logger, readMs, backoff } = this.#context
    const calls = new HostCalls()
    const settings = {
      source: this.layer.source,
      logger,
      clock,
      random,
      deadlines: { readMs },
      sourceBackoff: backoff,
      // The reloader reads all layers at its own interval.
      reconcileMs: MAX_DELAY_MS,
      inspect: undefined,
    }
    const watcher: SourceWatcher = new SourceWatcher(
      settings,
      this.#reader,
      (candidate, from) => this.#take(candidate, from),
      {
        report: (failed) => this.#report('source.failed', undefined, failed.code),
        calls,
        onListenerError: (error) => this.#report('source.failed', error),
        onState: () => this.#noteState(watcher),
      },
    )
    this.#watcher = watcher
    watcher.start()
  }

  stop(): void {
    const watcher = this.#watcher
    this.#watcher = undefined
    watcher?.stop()
  }

  get reading(): LayerReading {
    const { name, optional, source } = this.layer
    return { name, kind: source.name, isOptional: optional, result: this.#result }
  }

  /** Why the result may not be what the layer holds. */
  get warning(): SourceCode | undefined {
    return this.#warning ?? (this.#staleSince === undefined ? undefined : 'source.layer-stale')
  }

  /** True if the config can be made without an answer of the layer. */
  get isDispensable(): boolean {
    return this.layer.optional || this.#result !== undefined
  }

  get lastError(): Failure | undefined {
    return this.#lastError ?? this.#watcher?.status.lastError
  }

  status(isClosed: boolean): LayerStatus {
    const { name, optional, source } = this.layer
    const { lastError } = this
    return {
      name,
      kind: source.name,
      endpoint: source.endpoint,
      required: !optional,
      state: isClosed ? 'closed' : (this.#watcher?.status.state ?? 'connecting'),
      ...(this.#result === undefined ? {} : { found: this.#result.kind, revision: this.#result.revision }),
      ...(this.#staleSince === undefined ? {} : { stale: { since: this.#staleSince } }),
      ...(lastError === undefined ? {} : { lastError }),
    }
  }

  /** A stream that reports another lineage is a reason to read, and an older document is none to go back. */
  #take(candidate: Candidate, from: 'stream' | 'read', fault?: Failure): void {
    const result = this.#reader.documentOf(candidate)
    const { revision } = result
    const known = this.#result?.revision
    const isForeign = known !== undefined && known.lineage !== revision.lineage
    if (isForeign && from === 'stream') return this.#watcher?.recheck()
    const isOlder = known !== undefined && !isForeign && revision.order < known.order
    if (isOlder && !isSameRevision(revision, known)) {
      return fault === undefined ? undefined : this.#lose(fault)
    }
    const hasChanged = !isSameRevision(revision, known) || result.warning !== this.#warning
    if (!isSameRevision(revision, known)) this.#result = result
    this.#warning = result.warning
    this.#recover(hasChanged)
  }

  #noteState(watcher: SourceWatcher): void {
    const { state, lastError } = watcher.status
    if (lastError !== undefined) this.#lastError = lastError
    if (state === 'backing-off') this.#noteStale()
    else if (state === 'watching') this.#recover(false)
  }

  #lose(failed: Failure): void {
    this.#lastError = failed
    this.#noteStale()
  }

  /** An answer that others have not waited for: until it comes, what is known may be out of date. */
  noteLate(): void {
    this.#noteStale()
  }

  #noteStale(): void {
    if (this.#staleSince !== undefined) return
    this.#staleSince = this.#reader.verifiedAt ?? this.#context.clock.now()
    this.#onChange()
  }

  #recover(hasChanged: boolean): void {
    const wasStale = this.#staleSince !== undefined
    this.#staleSince = undefined
    if (hasChanged || wasStale) this.#onChange()
  }

  #report(code: SourceCode, error?: unknown, detail?: string): void {
    const place = `layer "${this.layer.name}"`
    this.#context.report(code, detail === undefined ? place : `${place}: ${detail}`, error)
  }
}
