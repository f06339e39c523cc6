import type { ReloaderEvent, PlannedModule } from '../../api/internal/observation.ts'
import type { Writable } from '../../model/data/writable.ts'
import type { Failure } from '../../model/failure.ts'
import type { ModuleRecord, TransactionRecord } from '../../model/record.ts'
import type { InspectedPhase, InspectedTransaction, TransactionSummary } from './protocol.ts'

type Event<Kind extends ReloaderEvent['kind']> = Extract<ReloaderEvent, { readonly kind: Kind }>

export type TransactionStart = Pick<TransactionSummary, 'id' | 'epoch' | 'trigger' | 'startedAt'>

/** Mutable, because every module has several and they arrive while the service is busy. */
type PhaseEntry = Writable<InspectedPhase>

/** Collects the events of one transaction in any order. It only stores them; the views are built on request. */
export class TransactionLog {
  plan: Event<'planned'> | undefined
  record: TransactionRecord | undefined
  supersededBy: string | undefined
  readonly #start: TransactionStart
  readonly #phases = new Map<string, PhaseEntry[]>()

  constructor(start: TransactionStart) {
    this.#start = start
  }

  get outcome(): TransactionSummary['outcome'] {
    return this.record?.outcome ?? 'running'
  }

  /** The number of modules that it changes. */
  get changes(): number {
    return (this.record ?? this.plan)?.modules.length ?? 0
  }

  /** Adds a phase that starts, or ends the last running phase of its kind. */
  addPhase({ module, phase, startMs, ended }: Event<'phase'>): void {
    const phases = this.#phases.get(module) ?? []
    this.#phases.set(module, phases)
    const last = phases.findLast(
      (entry) => entry.phase === phase && (ended === undefined || entry.result === 'running'),
    )
    if (ended !== undefined) {
      if (last === undefined) return
      last.durationMs = ended.atMs - last.startMs
      last.result = ended.result
    } else if (phase === 'check' && last !== undefined) {
      // As in the record, all checks of a soak are one phase.
      last.durationMs = undefined
      last.result = 'running'
    } else phases.push({ phase, startMs, durationMs: undefined, result: 'running' })
  }

  toSummary(): TransactionSummary {
    const { id, epoch, trigger, startedAt } = this.#start
    return {
      id,
      epoch,
      trigger,
      startedAt,
      outcome: this.outcome,
      changes: this.changes,
      revision: (this.record ?? this.plan)?.revision,
      durationMs: this.record?.durationMs,
      failure: failuresOf(this.record)[0],
    }
  }

  toTransaction(): InspectedTransaction {
    const { plan, record, supersededBy } = this
    const modules: readonly (PlannedModule | ModuleRecord)[] = (record ?? plan)?.modules ?? []
    return {
      ...this.toSummary(),
      digest: (record ?? plan)?.digest,
      plannedMs: plan?.atMs,
      diff: plan?.diff,
      modules: modules.map((each) => {
        const { module, change, after } = each
        return { module, change, after, phases: this.#phasesOf(each) }
      }),
      failures: failuresOf(record),
      degraded: record?.outcome === 'degraded' ? record.degraded : undefined,
      ...(record?.unfollowed === undefined ? {} : { unfollowed: record.unfollowed }),
      ...(record?.restartRequired === undefined ? {} : { restartRequired: record.restartRequired }),
      supersededBy,
    }
  }

  /** Returns the phases of the record with the observed closes: those can end after the record. */
  #phasesOf(module: PlannedModule | ModuleRecord): readonly InspectedPhase[] {
    const observed = (this.#phases.get(module.module) ?? []).map((entry) => ({ ...entry }))
    if (!('phases' in module)) return observed
    const closes = observed.filter(({ phase }) => phase === 'close')
    const others = closes.length === 0 ? module.phases : module.phases.filter(({ phase }) => phase !== 'close')
    return [...others, ...closes]
  }
}

const failuresOf = (record: TransactionRecord | undefined): readonly Failure[] =>
  record !== undefined && 'failures' in record ? record.failures : []
