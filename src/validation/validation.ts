import { followsSource, triesSource } from '../../machines/reload/guards.ts'
import type { ValidateVerdict, ValidationInput } from '../../machines/reload/types.ts'
import { andThen } from '../async/thenable.ts'
import type { Candidate, Forced } from '../model/candidate.ts'
import { ChangeoverError, type Failure, failure, unsafeCause } from '../model/failure.ts'
import { isPermanent } from '../model/permanence.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { UndecidedError } from '../model/undecided.ts'
import type { Registry } from '../modules/registry.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { SourceReader } from '../intake/source-reader.ts'
import { refreshOf } from '../safety/quarantine.ts'
import type { Safety } from '../safety/safety.ts'
import { noSteps, planOf } from '../transaction/plan.ts'
import type { Validated } from '../transaction/transaction.ts'
import type { FollowUps } from './follow-ups.ts'
import type { HasSignal, SnapshotBuilder } from './snapshot-builder.ts'

export interface ValidationResult extends Validated {
  readonly verdict: ValidateVerdict
}

/** A result that applies nothing. */
const result = (
  verdict: ValidateVerdict,
  snapshot: Snapshot | undefined,
  failures: readonly Failure[] = [],
): ValidationResult => ({ verdict, snapshot, plan: noSteps, isRefresh: false, findUnattended: undefined, failures })

interface ValidationDeps {
  readonly registry: Registry
  readonly store: ServingStore
  readonly documents: SourceReader
  readonly builder: SnapshotBuilder
  readonly followUps: FollowUps
  readonly safety: Safety
  readonly report: (failure: Failure) => void
  /** Returns what the transaction that tries this candidate must refresh. */
  readonly takeRefreshes: (candidate: Candidate) => Forced | undefined
}

/** From a candidate to a plan: parses, validates, asks quarantine and policies. It calls no module. */
export class Validation {
  readonly #deps: ValidationDeps

  constructor(deps: ValidationDeps) {
    this.#deps = deps
  }

  /** Makes the snapshot and the plan of a candidate. Never rejects. */
  validate(input: ValidationInput, call: HasSignal): ValidationResult | Promise<ValidationResult> {
    if (followsSource(input)) this.#deps.followUps.beginDocument()
    try {
      const refreshes = this.#refreshesOf(input)
      const making = this.#snapshotOf(input, refreshes !== undefined, call)
      const judging = andThen(making, (snapshot) => this.#judge(snapshot, input, refreshes))
      return judging instanceof Promise ? judging.catch((error) => this.#refusalOf(error, input)) : judging
    } catch (error) {
      return this.#refusalOf(error, input)
    }
  }

  #refusalOf(error: unknown, input: ValidationInput, snapshot?: Snapshot): ValidationResult {
    const failures = error instanceof ChangeoverError ? error.failures : [failure('internal.error', {}, error)]
    const retryKey = error instanceof UndecidedError ? this.#retryKeyOf(input, failures) : undefined
    if (retryKey === undefined) return result({ kind: 'invalid' }, snapshot, failures)
    return { ...result({ kind: 'invalid', isQuarantined: true }, snapshot, failures), retryKey }
  }

  #judge(snapshot: Snapshot, input: ValidationInput, refreshes: Forced | undefined): ValidationResult {
    try {
      return this.#verdictOf(snapshot, input, refreshes)
    } catch (error) {
      return this.#refusalOf(error, input, snapshot)
    }
  }

  #verdictOf(snapshot: Snapshot, input: ValidationInput, refreshes: Forced | undefined): ValidationResult {
    const { registry, store, documents, builder, followUps, safety } = this.#deps
    const { trigger, candidate, degraded, soakFailed } = input
    const serving = store.snapshot
    const isChange = snapshot.config !== serving?.config
    const revision = candidate?.revision
    const forces = refreshes ?? (revision === undefined ? undefined : documents.forcedBy(revision, serving?.revision))
    if (!isChange && degraded.length === 0 && !soakFailed && forces === undefined) {
      return result({ kind: 'unchanged' }, snapshot)
    }
    const isRefresh = !isChange && forces !== undefined
    // What has been good before is tried whatever has become of it since: it is the way back.
    const isTrusted = !triesSource(input)
    // A caller who asks for what the source holds gets it tried, whatever has become of it before.
    const isBlockable = !isTrusted && trigger !== 'reload'
    const quarantined = isBlockable ? this.#quarantinedAs(snapshot, isRefresh, serving !== undefined) : undefined
    if (quarantined !== undefined) {
      return { ...result({ kind: 'invalid', isQuarantined: true }, snapshot, [quarantined]), isRefresh }
    }
    if (isChange) builder.askPolicies(snapshot, serving?.config)
    if (isChange) followUps.admit(snapshot, serving?.config, !isTrusted)
    const plan = planOf(registry, store, snapshot.config, { degraded, forces })
    const isAttempt = !isTrusted && safety.isAttempt(snapshot)
    const findUnattended =
      isChange && serving !== undefined ? () => followUps.of(plan, serving.config, snapshot.config) : undefined
    return { ...result({ kind: 'valid', isAttempt }, snapshot), plan, isRefresh, findUnattended }
  }

  /** Under which name a document is tried again that could not be decided on; undefined if it is not. */
  #retryKeyOf(input: ValidationInput, failures: readonly Failure[]): string | undefined {
    const { store, documents, builder } = this.#deps
    const { candidate } = input
    const [first] = failures
    if (candidate === undefined || !followsSource(input)) return undefined
    // The first start fails for a bad document, and waits for a secret as it does for the source.
    if (store.snapshot === undefined && failures.some(({ code }) => code !== 'secret.unreachable')) return undefined
    if (first !== undefined && isPermanent(unsafeCause(first))) return undefined
    return builder.textDigestOf(documents.documentOf(candidate))
  }

  /** What a transaction must refresh that tries what the source holds. */
  #refreshesOf(input: ValidationInput): Forced | undefined {
    const { candidate } = input
    const isOfSource = candidate !== undefined && followsSource(input)
    return isOfSource ? this.#deps.takeRefreshes(candidate) : undefined
  }

  /** Why the snapshot must not be tried now. With nothing else to serve it is tried all the same, and reported. */
  #quarantinedAs(snapshot: Snapshot, isRefresh: boolean, hasOther: boolean): Failure | undefined {
    const { safety, report } = this.#deps
    const entry = safety.quarantine.blocks(() => (isRefresh ? refreshOf(snapshot.digest) : snapshot.digest))
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

  /** The snapshot of the candidate; of what serves, for a repair. Text that says the same is not parsed again. */
  #snapshotOf(
    { candidate, trigger, epoch }: ValidationInput,
    isRefresh: boolean,
    call: HasSignal,
  ): Snapshot | Promise<Snapshot> {
    const { store, documents, builder } = this.#deps
    const serving = store.snapshot
    if (candidate === undefined) {
      if (serving === undefined) throw new Error('A repair with nothing serving')
      return builder.isCurrent(serving) ? serving : builder.withNewSecrets(serving, { call, epoch })
    }
    const document = documents.documentOf(candidate)
    const text = builder.textOf(document)
    // A refresh parses again: the parser may read what has changed outside of the document.
    const isKnown = serving !== undefined && !isRefresh && builder.isCurrent(serving)
    if (isKnown && builder.isSameText(text, serving.text)) return serving.withText(text, document.revision)
    const use = trigger === 'restore' || trigger === 'revert' ? 'fallback' : 'fresh'
    return builder.snapshotOf(document, text, serving?.config, call, { use, epoch })
  }

  /** True if the candidate is the last known good document again. */
  isLastKnownGood(candidate: Candidate, good: Snapshot | undefined): boolean {
    if (good === undefined) return false
    const { documents, builder } = this.#deps
    // What it refers to has changed: the generations of the good document are not what it asks for.
    if (documents.forcedBy(candidate.revision, good.revision) !== undefined) return false
    const document = documents.documentOf(candidate)
    if (builder.isText(document, good.text)) return builder.isCurrent(good)
    const found = builder.snapshotAtOnce(document, good.config)
    return found.kind === 'found' && found.snapshot.config === good.config
  }

  /** True if the candidate would be rejected; false if only an asynchronous schema or a secret could tell. */
  isRejected(candidate: Candidate, good: Snapshot | undefined): boolean {
    const { documents, builder, safety } = this.#deps
    const found = builder.snapshotAtOnce(documents.documentOf(candidate), good?.config)
    if (found.kind !== 'found') return found.kind === 'rejected'
    const { snapshot } = found
    if (safety.quarantine.active.some(({ digest }) => digest === snapshot.digest)) return true
    try {
      if (snapshot.config !== good?.config) builder.askPolicies(snapshot, good?.config)
      return false
    } catch {
      return true
    }
  }
}
