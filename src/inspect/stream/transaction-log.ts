import type { Phase } from '../../model/failure.ts'
import type { TransactionRecord } from '../../model/record.ts'
import type { Observed, PlannedModule } from '../../api/observed.ts'
import type { InspectedModule, InspectedPhase, InspectedTransaction, TransactionHead } from './protocol.ts'

type Event<Kind extends Observed['kind']> = Extract<Observed, { readonly kind: Kind }>

/** Changed in place: there are some for each module, and they come while the service is at work. */
interface NotedPhase {
  readonly phase: Phase
  readonly startMs: number
  durationMs: number | undefined
  result: InspectedPhase['result']
}

/** All that is seen of one transaction, in any order of its parts. What happens is only noted; it is put together when asked for. */
export class TransactionLog {
  readonly #began: Pick<TransactionHead, 'id' | 'epoch' | 'trigger' | 'startedAt'>
  #planned: Event<'planned'> | undefined
  #record: TransactionRecord | undefined
  readonly #phases = new Map<string, NotedPhase[]>()
  supersededBy: string | undefined

  constructor(began: Pick<TransactionHead, 'id' | 'epoch' | 'trigger' | 'startedAt'>) {
    this.#began = began
  }

  get outcome(): TransactionHead['outcome'] {
    return this.#record?.outcome ?? 'running'
  }

  get changes(): number {
    return (this.#record ?? this.#planned)?.modules.length ?? 0
  }

  plan(planned: Event<'planned'>): void {
    this.#planned = planned
  }

  end(record: TransactionRecord): void {
    this.#record = record
  }

  /** A phase that begins is added; one that ends closes the last of its kind that runs. */
  phase({ module, phase, startMs, ended }: Event<'phase'>): void {
    let phases = this.#phases.get(module)
    if (phases === undefined) {
      phases = []
      this.#phases.set(module, phases)
    }
    const last = lastOf(phases, phase, ended === undefined ? undefined : 'running')
    if (ended !== undefined) {
      if (last === undefined) return
      last.durationMs = ended.atMs - last.startMs
      last.result = ended.result
    } else if (phase === 'check' && last !== undefined) {
      // As in the record, the rounds of a soak are one phase.
      last.durationMs = undefined
      last.result = 'running'
    } else phases.push({ phase, startMs, durationMs: undefined, result: 'running' })
  }

  head(): TransactionHead {
    const { id, epoch, trigger, startedAt } = this.#began
    const record = this.#record
    const revision = (record ?? this.#planned)?.revision
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

  whole(): InspectedTransaction {
    const record = this.#record
    const planned = this.#planned
    const digest = (record ?? planned)?.digest
    return {
      ...this.head(),
      ...(digest === undefined ? {} : { digest }),
      ...(planned === undefined ? {} : { plannedMs: planned.atMs, diff: planned.diff }),
      modules:
        record === undefined ? (planned?.modules ?? []).map((module) => this.#seen(module)) : this.#recorded(record),
      failures: failuresOf(record),
      ...(record?.outcome === 'degraded' ? { degraded: record.degraded } : {}),
      ...(this.supersededBy === undefined ? {} : { supersededBy: this.supersededBy }),
    }
  }

  #seen({ module, change, after }: PlannedModule): InspectedModule {
    return { module, change, after, phases: (this.#phases.get(module) ?? []).map(shown) }
  }

  /** The record's own account, and the closes that it does not have: they end after it. */
  #recorded({ modules }: TransactionRecord): readonly InspectedModule[] {
    return modules.map(({ module, change, after, phases }) => {
      const closes = (this.#phases.get(module) ?? []).filter(({ phase }) => phase === 'close').map(shown)
      const others = closes.length === 0 ? phases : phases.filter(({ phase }) => phase !== 'close')
      return { module, change, after, phases: [...others, ...closes] }
    })
  }
}

const lastOf = (phases: readonly NotedPhase[], phase: Phase, result: 'running' | undefined): NotedPhase | undefined => {
  for (let at = phases.length - 1; at >= 0; at -= 1) {
    const one = phases[at]
    if (one?.phase === phase && (result === undefined || one.result === result)) return one
  }
  return undefined
}

const shown = ({ phase, startMs, durationMs, result }: NotedPhase): InspectedPhase =>
  durationMs === undefined ? { phase, startMs, result } : { phase, startMs, durationMs, result }

const failuresOf = (record: TransactionRecord | undefined) =>
  record !== undefined && 'failures' in record ? record.failures : []
