import type { Observation } from '../api/internal/observation.ts'
import type { ReloaderStatus } from '../api/status.ts'
import type { PhaseTiming, TransactionRecord } from '../model/record.ts'
import { isNewer, isSameRevision, type Revision } from '../model/revision.ts'
import { isResting } from '../xstate/state-name.ts'
import { followReloader } from './feed.ts'
import type { MetricName } from './metric-table.ts'

/** One value of a metric. */
export interface Sample {
  readonly value: number
  readonly labels: Readonly<Record<string, string>>
}

/** The values of all metrics. A metric without a sample is absent: what it tells does not exist yet. */
export type Samples = ReadonlyMap<MetricName, readonly Sample[]>

/** A name that a source of the user makes is shown to this length. */
const MAX_REVISION = 100

const noLabels = {}

/** What a document waits for while it is still under way. */
const underWay = new Set<string>(['storm', 'transaction', 'soak', 'confirmation'])

/** Knows the value of every metric of one reloader: most from its status, the rest from the messages of the channels. */
export class ReloaderFacts {
  readonly #observation: Observation
  readonly #phases = new Map<string, Map<string, PhaseTiming>>()
  readonly #stop: () => void
  /** The last record that says whether a document of the source serves. */
  #verdict: TransactionRecord | undefined
  /** The document that was promoted after its trial, and what the source was known to hold then. */
  #promoted: { readonly revision: Revision; readonly above: Revision | undefined } | undefined
  #succeededAt: number | undefined
  #durationMs: number | undefined
  #overdue = 0

  /** @param onClosed called once the reloader has closed */
  constructor(observation: Observation, onClosed: () => void = () => {}) {
    this.#observation = observation
    const { id, last } = observation.status()
    if (last !== undefined) this.#noteRecord(last)
    const listeners = {
      'changeover:transaction': (message: { readonly kind: string; readonly record?: TransactionRecord }) => {
        if (message.record !== undefined) this.#noteRecord(message.record)
      },
      'changeover:state': (message: { readonly kind: string; readonly failure?: { readonly code: string } }) => {
        if (message.failure?.code === 'lease.overdue') this.#overdue += 1
      },
    }
    this.#stop = followReloader(id, listeners, onClosed)
  }

  stop(): void {
    this.#stop()
  }

  read(): Samples {
    const status = this.#observation.status()
    const samples = new Map<MetricName, readonly Sample[]>()
    const set = (name: MetricName, value: number | boolean | undefined): void => {
      if (value !== undefined) samples.set(name, [{ value: Number(value), labels: noLabels }])
    }
    const ifServing = <T>(value: T): T | undefined => (status.serving === undefined ? undefined : value)
    const hasModules = Object.keys(status.modules).length > 0
    set('config_reload_last_successful', this.#isSuccessful(status))
    set('config_reload_last_success_timestamp_seconds', inSeconds(this.#succeededAt))
    samples.set('config_reloads_total', outcomeSamples(status, hasModules))
    set('config_reload_duration_seconds', inSeconds(this.#durationMs))
    samples.set('config_module_phase_duration_seconds', this.#phaseSamples())
    if (status.serving !== undefined) samples.set('config_serving_info', [infoOf(status, status.serving)])
    set('config_source_up', isSourceUp(status))
    set('config_source_stale_seconds', ifServing(staleSeconds(status, this.#observation.now())))
    set('config_in_sync', ifServing(status.inSync))
    set('config_degraded_modules', hasModules ? ifServing(status.degraded.length) : undefined)
    set('config_quarantined', status.quarantine.length)
    set('config_frozen', status.frozen !== undefined)
    set('config_confirmation_pending', ifServing(status.confirmation !== undefined))
    samples.set('config_generations', generationSamples(status))
    set('config_leases_overdue_total', hasModules ? this.#overdue : undefined)
    return samples
  }

  /** Undefined until a config serves. While a newer document is under way, what is known of the ones before holds. */
  #isSuccessful({ serving, source, waiting, state }: ReloaderStatus): boolean | undefined {
    if (serving === undefined) return undefined
    if (source.revision === undefined || !isNewer(source.revision, serving.revision)) return true
    // The source has been written, and has not reported it yet.
    const { revision, above } = this.#promoted ?? {}
    if (isSameRevision(revision, serving.revision) && isSameRevision(above, source.revision)) return true
    if (isResting(state) && !underWay.has(waiting?.reason ?? '')) return false
    const verdict = this.#verdict
    if (verdict === undefined) return true
    if (verdict.trigger === 'revert') return false
    return 'failures' in verdict ? isSameRevision(verdict.revision, serving.revision) : true
  }

  #noteRecord(record: TransactionRecord): void {
    const { outcome, trigger, revision, startedAt, durationMs, modules } = record
    for (const { module, phases } of modules) for (const timing of phases) this.#notePhase(module, timing)
    if (outcome === 'superseded' || outcome === 'aborted') return
    if (trigger === 'trial') {
      // Until it is promoted, it says nothing of what the source holds.
      if (outcome !== 'committed' || revision === undefined) return
      this.#promoted = { revision, above: this.#observation.status().source.revision }
    }
    this.#durationMs = durationMs
    if (outcome === 'committed' || outcome === 'unchanged') this.#succeededAt = startedAt + durationMs
    // Without a revision the source could not be read, and a repair says nothing of the newest document.
    if (revision !== undefined && trigger !== 'repair') this.#verdict = record
  }

  #notePhase(module: string, timing: PhaseTiming): void {
    const phases = this.#phases.get(module)
    if (phases === undefined) this.#phases.set(module, new Map([[timing.phase, timing]]))
    else phases.set(timing.phase, timing)
  }

  /** From records, since a message for each phase would cost more than the rest (bench: metrics). */
  #phaseSamples(): Sample[] {
    for (const [module, timing] of this.#observation.lastCloses?.() ?? []) this.#notePhase(module, timing)
    return [...this.#phases].flatMap(([module, phases]) =>
      Array.from(phases.values(), ({ phase, result, durationMs }) => ({
        value: durationMs / 1_000,
        labels: { module, phase, result },
      })),
    )
  }
}

const inSeconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1_000)

/** Each outcome from the start, so that its first increase is seen; without modules, most cannot happen. */
const outcomeSamples = ({ counters }: ReloaderStatus, hasModules: boolean): readonly Sample[] => {
  const { reported: _, ...outcomes } = counters
  return Object.entries(outcomes)
    .filter(([, count]) => hasModules || count > 0)
    .map(([outcome, value]) => ({ value, labels: { outcome } }))
}

const infoOf = ({ build = '' }: ReloaderStatus, serving: NonNullable<ReloaderStatus['serving']>): Sample => ({
  value: 1,
  labels: { revision: serving.revision.name.slice(0, MAX_REVISION), build },
})

/** Undefined until the source has answered or failed for the first time. */
const isSourceUp = ({ source: { state, verifiedAt, lastError } }: ReloaderStatus): boolean | undefined => {
  if (state === 'connecting') return verifiedAt === undefined && lastError === undefined ? undefined : false
  return state !== 'backing-off' && state !== 'closed'
}

const staleSeconds = ({ stale }: ReloaderStatus, now: number): number =>
  stale === undefined ? 0 : Math.max(0, now - stale.since) / 1_000

/** Both states of a module, once it has had a generation. */
const generationSamples = ({ modules }: ReloaderStatus): readonly Sample[] =>
  Object.entries(modules)
    .filter(([, { opened }]) => opened > 0)
    .flatMap(([module, { live, leaked }]) => [
      { value: live, labels: { module, state: 'live' } },
      { value: leaked, labels: { module, state: 'leaked' } },
    ])
