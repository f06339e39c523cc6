import type { SourceStatus } from '../api/status.ts'
import type { Candidate } from '../model/candidate.ts'
import { type Failure, failure } from '../model/failure.ts'
import { isNewer, type Revision } from '../model/revision.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Settings } from '../settings/settings.ts'
import type { HostCalls } from '../xstate/host-calls.ts'
import type { Report } from '../xstate/inspection.ts'
import type { ObservableActor } from '../xstate/machine-observer.ts'
import type { Channels } from '../transaction/channels.ts'
import { Admission, type Deliver } from './admission.ts'
import { attachSource } from './attach-source.ts'
import { SourceReader } from './source-reader.ts'
import { SourceWatcher } from './source-watcher.ts'

export type FetchResult =
  | { readonly kind: 'found'; readonly candidate: Candidate }
  | { readonly kind: 'failed'; readonly failure: Failure }

interface IntakeDeps {
  readonly report: Report
  readonly channels: Channels
  readonly store: ServingStore
  readonly calls: HostCalls
}

/** From the source to a candidate: follows the source, reads it on request, paces storms, and holds changes while frozen. */
export class Intake {
  /** Keeps the documents of candidates. */
  readonly documents: SourceReader
  readonly #watcher: SourceWatcher
  readonly #admission: Admission
  readonly #channels: Channels
  readonly #attach: () => void

  constructor(settings: Settings, deliver: Deliver, { report, channels, store, calls }: IntakeDeps) {
    this.#channels = channels
    this.#attach = () => attachSource(settings, report)
    const { source, clock, deadlines } = settings
    const onListenerError = (error: unknown): void => report(failure('listener.failed', { phase: 'fetching' }, error))
    const onFault = (fault: Failure): void => this.#watcher.noteFault(fault)
    const isServing = (): boolean => store.snapshot !== undefined
    this.documents = new SourceReader(source, clock, deadlines.readMs, { onListenerError, onFault, isServing })
    this.#admission = new Admission(settings, deliver, report, calls)
    this.#watcher = new SourceWatcher(settings, this.documents, (candidate, from) => this.#admit(candidate, from), {
      report,
      onListenerError,
      onState: () => channels.sourceEntered(() => this.status),
      calls,
    })
  }

  get actors(): { readonly watch: ObservableActor; readonly admission: ObservableActor } {
    return { watch: this.#watcher.actor, admission: this.#admission.actor }
  }

  /** Accepts a freeze; the source is not asked before `follow`. */
  start(): void {
    this.#admission.start()
  }

  /** Starts reading and watching the source. */
  follow(): void {
    this.#attach()
    this.#watcher.start()
  }

  stop(): void {
    this.#watcher.stop()
    this.#admission.stop()
  }

  /** Reads once. A document that is older than what the source has shown is not an answer. Never rejects. */
  async fetch(seen: Revision | undefined, signal: AbortSignal): Promise<FetchResult> {
    const outcome = await this.documents.read(signal)
    if (outcome.kind === 'failed') return outcome
    const { candidate } = outcome
    const { lineage, order, name } = candidate.revision
    if (seen !== undefined && lineage === seen.lineage && order < seen.order && name !== seen.name) {
      const stale = outcome.fault ?? failure('source.stale', { phase: 'fetching', revision: name })
      return { kind: 'failed', failure: stale }
    }
    this.#admission.noteRead(candidate)
    return { kind: 'found', candidate }
  }

  freeze(): void {
    this.#admission.freeze()
    this.#channels.frozen(true)
  }

  unfreeze(): void {
    this.#channels.frozen(false)
    this.#admission.unfreeze()
  }

  get isFrozen(): boolean {
    return this.#admission.isFrozen
  }

  /** The newest document that the source has shown, let through or not. */
  get newest(): Candidate | undefined {
    return this.#admission.newest
  }

  /** True if what the source has answered last may differ from its newest document. */
  get isInDoubt(): boolean {
    return this.documents.isInDoubt
  }

  get status(): SourceStatus {
    const { status } = this.#watcher
    const newest = this.newest?.revision
    // A call of `reload` may have read more than the watch has seen.
    return newest === undefined || !isNewer(newest, status.revision) ? status : { ...status, revision: newest }
  }

  #admit(candidate: Candidate, from: 'stream' | 'read'): void {
    const newest = this.#admission.newest?.revision
    // A stream may still report a lineage that a read has found gone: a reason to read, never to apply.
    const isForeign = from === 'stream' && newest !== undefined && newest.lineage !== candidate.revision.lineage
    if (isForeign) this.#watcher.recheck()
    else this.#admission.offer(candidate)
  }
}
