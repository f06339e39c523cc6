import type { Candidate } from '../model/candidate.ts'
import type { EpochInput, ReadVerdict, ReloadContext, ValidateVerdict } from '../../machines/reload/types.ts'
import type { EventBus } from '../transaction/event-bus.ts'
import { ChangeoverError, type Failure, failure } from '../model/failure.ts'
import type { Trigger } from '../model/record.ts'
import { planOf } from '../transaction/plan.ts'
import type { Registry } from '../modules/registry.ts'
import type { Transaction } from '../transaction/transaction.ts'
import type { Safety } from '../safety/safety.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SourceReader } from '../intake/source-reader.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { SnapshotBuilder, Within } from './snapshot-builder.ts'

export type FetchInput = EpochInput & Pick<ReloadContext, 'seen'>
export type ExamineInput = EpochInput & Pick<ReloadContext, 'trigger' | 'candidate' | 'degraded' | 'soakFailed'>

interface ValidationDeps {
  readonly registry: Registry
  readonly store: ServingStore
  readonly reader: SourceReader
  readonly validator: SnapshotBuilder
  readonly safety: Safety
  readonly announcer: EventBus
  readonly report: (failure: Failure) => void
}

// What has been good before is tried whatever became of it since: it is the way back.
const trustedTriggers = new Set<Trigger>(['restore', 'revert'])

/** The states `fetching` and `validating`: from a document to a plan, with nothing touched. */
export class Validation {
  readonly #registry: Registry
  readonly #store: ServingStore
  readonly #reader: SourceReader
  readonly #validator: SnapshotBuilder
  readonly #safety: Safety
  readonly #announcer: EventBus
  readonly #report: (failure: Failure) => void

  constructor({ registry, store, reader, validator, safety, announcer, report }: ValidationDeps) {
    this.#announcer = announcer
    this.#registry = registry
    this.#store = store
    this.#reader = reader
    this.#validator = validator
    this.#safety = safety
    this.#report = report
  }

  /** One bounded read. What is older than the source has shown before is no answer. */
  async fetch(transaction: Transaction, { seen }: FetchInput, signal: AbortSignal): Promise<ReadVerdict> {
    const result = await this.#reader.read(signal)
    if (result.kind === 'failed') {
      transaction.fail(result.failure)
      return { kind: 'failed' }
    }
    const { candidate } = result
    const { lineage, order, name } = candidate.revision
    if (seen !== undefined && lineage === seen.lineage && order < seen.order && name !== seen.name) {
      transaction.fail(failure('source.stale', { phase: 'fetching', revision: name }))
      return { kind: 'failed' }
    }
    return { kind: 'found', candidate }
  }

  /** Makes the transaction's snapshot and plan, and calls no module. */
  async examine(
    transaction: Transaction,
    { trigger, candidate, degraded, soakFailed }: ExamineInput,
    call: Within,
  ): Promise<ValidateVerdict> {
    const serving = this.#store.snapshot
    // What is known of a document that was replaced is not of this one.
    transaction.failures.length = 0
    transaction.snapshot = undefined
    transaction.plan = new Map()
    transaction.candidate = candidate
    try {
      const isWhole = degraded.length === 0 && !soakFailed
      transaction.snapshot = await this.#snapshotOf(candidate, serving, call)
      if (isWhole && transaction.snapshot.config === serving?.config) return { kind: 'unchanged' }
      const isTrusted = candidate === undefined || trustedTriggers.has(trigger)
      const held = isTrusted ? undefined : this.#heldBy(transaction.snapshot, serving !== undefined)
      if (held !== undefined) {
        transaction.fail(held)
        return { kind: 'invalid', isQuarantined: true }
      }
      const isChange = transaction.snapshot.config !== serving?.config
      if (isChange) this.#validator.askPolicies(transaction.snapshot, serving?.config)
      transaction.plan = planOf(this.#registry, this.#store, transaction.snapshot.config, degraded)
      const compensates = [...transaction.plan.values()].some(({ slot }) => slot.compensates)
      const isAttempt = !isTrusted && this.#safety.isAttempt(transaction.snapshot)
      return { kind: 'valid', compensates, isAttempt }
    } catch (error) {
      const failures = error instanceof ChangeoverError ? error.failures : [failure('internal.error', {}, error)]
      transaction.failures.push(...failures)
      return { kind: 'invalid' }
    } finally {
      this.#announcer.planned(transaction, serving?.config, this.#validator.visibility)
    }
  }

  /** Why the snapshot is not to be tried now. With nothing else to serve it is tried all the same. */
  #heldBy(snapshot: Snapshot, hasOther: boolean): Failure | undefined {
    const entry = this.#safety.quarantine.blocks(snapshot)
    if (entry === undefined) return undefined
    const { code, module, phase, count, until } = entry
    const times = count === 1 ? 'once' : `${count} times`
    const end = until === undefined ? 'until it is changed or released' : `until ${new Date(until).toISOString()}`
    const held = failure('quarantined', {
      phase: 'validating',
      ...(module === undefined ? {} : { module }),
      revision: snapshot.revision.name,
      detail: `${code}${phase === undefined ? '' : ` in ${phase}`}, ${times}; held ${end}`,
    })
    if (hasOther) return held
    this.#report(held)
    return undefined
  }

  /** The snapshot of the candidate; of what serves, for a repair. Text that serves already is not parsed again. */
  async #snapshotOf(candidate: Candidate | undefined, serving: Snapshot | undefined, call: Within): Promise<Snapshot> {
    if (candidate === undefined) {
      if (serving === undefined) throw new Error('A repair with nothing serving')
      return serving
    }
    const reading = this.#reader.readingOf(candidate)
    const text = this.#validator.textOf(reading)
    if (serving !== undefined && text === serving.text) return serving.withRevision(reading.revision)
    return this.#validator.snapshotOf(reading, text, serving?.config, call)
  }

  /** True where the candidate is the last known good document again. */
  isLastKnownGood(candidate: Candidate, good: Snapshot | undefined): boolean {
    if (good === undefined) return false
    const reading = this.#reader.readingOf(candidate)
    return (
      this.#validator.isText(reading, good.text) || this.#validator.quickConfigOf(reading, good.config) === good.config
    )
  }
}
