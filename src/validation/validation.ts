import type { ReloadContext, ValidateVerdict } from '../../machines/reload/types.ts'
import type { Candidate } from '../model/candidate.ts'
import { ChangeoverError, type Failure, failure } from '../model/failure.ts'
import type { Trigger } from '../model/record.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Registry } from '../modules/registry.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { SourceReader } from '../intake/source-reader.ts'
import type { Safety } from '../safety/safety.ts'
import { noSteps, type Plan, planOf } from '../transaction/plan.ts'
import type { HasSignal, SnapshotBuilder } from './snapshot-builder.ts'

export type ValidationInput = Pick<ReloadContext, 'trigger' | 'candidate' | 'degraded' | 'soakFailed'>

export interface ValidationResult {
  readonly verdict: ValidateVerdict
  /** Undefined if the document is no config. */
  readonly snapshot: Snapshot | undefined
  /** Empty unless the verdict is `valid`. */
  readonly plan: Plan
  readonly failures: readonly Failure[]
}

interface ValidationDeps {
  readonly registry: Registry
  readonly store: ServingStore
  readonly documents: SourceReader
  readonly builder: SnapshotBuilder
  readonly safety: Safety
  readonly report: (failure: Failure) => void
}

// What has been good before is tried whatever has become of it since: it is the way back.
const trustedTriggers = new Set<Trigger>(['restore', 'revert'])

/** From a candidate to a plan: parses, validates, asks quarantine and policies. It calls no module. */
export class Validation {
  readonly #deps: ValidationDeps

  constructor(deps: ValidationDeps) {
    this.#deps = deps
  }

  /** Makes the snapshot and the plan of a candidate. Never rejects. */
  async validate(input: ValidationInput, call: HasSignal): Promise<ValidationResult> {
    let snapshot: Snapshot | undefined
    try {
      snapshot = await this.#snapshotOf(input.candidate, call)
      return this.#judge(snapshot, input)
    } catch (error) {
      const failures = error instanceof ChangeoverError ? error.failures : [failure('internal.error', {}, error)]
      return { verdict: { kind: 'invalid' }, snapshot, plan: noSteps, failures }
    }
  }

  #judge(snapshot: Snapshot, { trigger, candidate, degraded, soakFailed }: ValidationInput): ValidationResult {
    const { registry, store, builder, safety } = this.#deps
    const serving = store.snapshot
    const isChange = snapshot.config !== serving?.config
    if (!isChange && degraded.length === 0 && !soakFailed) {
      return { verdict: { kind: 'unchanged' }, snapshot, plan: noSteps, failures: [] }
    }
    const isTrusted = candidate === undefined || trustedTriggers.has(trigger)
    const quarantined = isTrusted ? undefined : this.#quarantinedAs(snapshot, serving !== undefined)
    if (quarantined !== undefined) {
      return { verdict: { kind: 'invalid', isQuarantined: true }, snapshot, plan: noSteps, failures: [quarantined] }
    }
    if (isChange) builder.askPolicies(snapshot, serving?.config)
    const plan = planOf(registry, store, snapshot.config, degraded)
    const compensates = [...plan.values()].some(({ slot }) => slot.compensates)
    const isAttempt = !isTrusted && safety.isAttempt(snapshot)
    return { verdict: { kind: 'valid', compensates, isAttempt }, snapshot, plan, failures: [] }
  }

  /** Why the snapshot must not be tried now. With nothing else to serve it is tried all the same, and reported. */
  #quarantinedAs(snapshot: Snapshot, hasOther: boolean): Failure | undefined {
    const { safety, report } = this.#deps
    const entry = safety.quarantine.blocks(snapshot)
    if (entry === undefined) return undefined
    const { code, module, phase, count, until } = entry
    const times = count === 1 ? 'once' : `${count} times`
    const end = until === undefined ? 'until it is changed or released' : `until ${new Date(until).toISOString()}`
    const quarantined = failure('quarantined', {
      phase: 'validating',
      ...(module === undefined ? {} : { module }),
      revision: snapshot.revision.name,
      detail: `${code}${phase === undefined ? '' : ` in ${phase}`}, ${times}; quarantined ${end}`,
    })
    if (hasOther) return quarantined
    report(quarantined)
    return undefined
  }

  /** The snapshot of the candidate; of what serves, for a repair. Text that serves already is not parsed again. */
  async #snapshotOf(candidate: Candidate | undefined, call: HasSignal): Promise<Snapshot> {
    const { store, documents, builder } = this.#deps
    const serving = store.snapshot
    if (candidate === undefined) {
      if (serving === undefined) throw new Error('A repair with nothing serving')
      return serving
    }
    const document = documents.documentOf(candidate)
    const text = builder.textOf(document)
    if (serving !== undefined && text === serving.text) return serving.withRevision(document.revision)
    return builder.snapshotOf(document, text, serving?.config, call)
  }

  /** True if the candidate is the last known good document again. */
  isLastKnownGood(candidate: Candidate, good: Snapshot | undefined): boolean {
    if (good === undefined) return false
    const { documents, builder } = this.#deps
    const document = documents.documentOf(candidate)
    return builder.isText(document, good.text) || builder.configAtOnce(document, good.config) === good.config
  }
}
