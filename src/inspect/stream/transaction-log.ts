import type { ReloaderEvent, PlannedModule } from '../../api/observation.ts'
import type { Failure, Phase } from '../../model/failure.ts'
import type { TransactionRecord } from '../../model/record.ts'
import type { InspectedModule, InspectedPhase, InspectedTransaction, TransactionSummary } from './protocol.ts'

type Event<Kind extends ReloaderEvent['kind']> = Extract<ReloaderEvent, { readonly kind: Kind }>
type Start = Pick<TransactionSummary, 'id' | 'epoch' | 'trigger' | 'startedAt'>

/** Mutable, because every module has several and they arrive while the service is busy. */
interface PhaseEntry {
  readonly phase: Phase
  readonly startMs: number
  durationMs: number | undefined
  result: InspectedPhase['result']
}

/** Collects the events of one transaction in any order. It only stores them; the views are built on request. */
export class TransactionLog {
  readonly #start: Start
  #plan: Event<'planned'> | undefined
  #record: TransactionRecord | undefined
  readonly #phases = new Map<string, PhaseEntry[]>()
  supersededBy: string | undefined

  constructor(start: Start) {
    this.#start = start
  }

  get outcome(): TransactionSummary['outcome'] {
    return this.#record?.outcome ?? 'running'
  }

  /** The number of modules that it changes. */
  get changes(): number {
    return (this.#record ?? this.#plan)?.modules.length ?? 0
  }

  setPlan(plan: Event<'planned'>): void {
    this.#plan = plan
  }

  setRecord(record: TransactionRecord): void {
    this.#record = record
  }

  /** Adds a phase that starts, or ends the last running phase of its kind. */
  addPhase({ module, phase, startMs, ended }: Event<'phase'>): void {
    let phases = this.#phases.get(module)
    if (phases === undefined) {
      phases = []
      this.#phases.set(module, phases)
    }
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
    const record = this.#record
    const revision = (record ?? this.#plan)?.revision
    const [failure] = failuresOf(record)
    return {
      id,
      epoch,
      trigger,
      startedAt,
      outcome: this.outcome,
      changes: this.changes,
      ...(revision === undefined ? {} : { revision }),
      ...(record === undefined ? {} : { durationMs: record.durationMs }),
      ...(failure === undefined ? {} : { failure }),
    }
  }

  toTransaction(): InspectedTransaction {
    const record = this.#record
    const plan = this.#plan
    const digest = (record ?? plan)?.digest
    return {
      ...this.toSummary(),
      ...(digest === undefined ? {} : { digest }),
      ...(plan === undefined ? {} : { plannedMs: plan.atMs, diff: plan.diff }),
      modules: record === undefined ? this.#plannedModules(plan?.modules ?? []) : this.#recordedModules(record),
      failures: failuresOf(record),
      ...(record?.outcome === 'degraded' ? { degraded: record.degraded } : {}),
      ...(this.supersededBy === undefined ? {} : { supersededBy: this.supersededBy }),
    }
  }

  #plannedModules(modules: readonly PlannedModule[]): readonly InspectedModule[] {
    return modules.map(({ module, change, after }) => ({
      module,
      change,
      after,
      phases: (this.#phases.get(module) ?? []).map(toPhase),
    }))
  }

  /** Returns the modules of the record with the observed closes: those can end after the record. */
  #recordedModules({ modules }: TransactionRecord): readonly InspectedModule[] {
    return modules.map(({ module, change, after, phases }) => {
      const closes = (this.#phases.get(module) ?? []).filter(({ phase }) => phase === 'close').map(toPhase)
      const others = closes.length === 0 ? phases : phases.filter(({ phase }) => phase !== 'close')
      return { module, change, after, phases: [...others, ...closes] }
    })
  }
}

const toPhase = ({ phase, startMs, durationMs, result }: PhaseEntry): InspectedPhase =>
  durationMs === undefined ? { phase, startMs, result } : { phase, startMs, durationMs, result }

const failuresOf = (record: TransactionRecord | undefined): readonly Failure[] =>
  record !== undefined && 'failures' in record ? record.failures : []
