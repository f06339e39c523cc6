import type { Difference, Diff } from '../model/diff.ts'
import type { TransactionRecord } from '../model/record.ts'
import type { Observed } from '../observation.ts'
import type { InspectedModule, InspectedPhase, InspectedTransaction, ReportedFailure, TransactionHead } from './wire.ts'

/** Transactions that are kept. */
export const MAX_TRANSACTIONS = 200
const MAX_REPORTED = 50

type Phase = Extract<Observed, { readonly kind: 'phase' }>

/** Puts transactions together from what happens, and keeps the last ones. */
export class History {
  readonly #transactions = new Map<string, InspectedTransaction>()
  readonly #reported: ReportedFailure[] = []

  /** Takes a record of which nothing else was seen: it ended before anybody looked. */
  adopt(record: TransactionRecord): void {
    this.#end(record)
  }

  /** Notes what happened; answers the transaction that has changed by it. */
  note(event: Observed): string | undefined {
    switch (event.kind) {
      case 'began':
        return this.#begin(event)
      case 'planned':
        return this.#update(event.transaction, ({ modules }) => ({
          revision: event.revision,
          digest: event.digest,
          plannedMs: event.atMs,
          diff: shortened(event.diff),
          changes: event.modules.length,
          modules: event.modules.map((module) => ({ ...module, phases: phasesOf(modules, module.module) })),
        }))
      case 'phase':
        return this.#update(event.transaction, ({ modules }) => ({
          modules: modules.map((module) => (module.module === event.module ? withPhase(module, event) : module)),
        }))
      case 'record':
        return this.#end(event.record)
      case 'reported':
        this.#reported.push({ ...event.failure, at: event.at })
        if (this.#reported.length > MAX_REPORTED) this.#reported.shift()
        return undefined
      case 'closed':
        return undefined
    }
  }

  get(id: string): InspectedTransaction | undefined {
    return this.#transactions.get(id)
  }

  get newest(): InspectedTransaction | undefined {
    return [...this.#transactions.values()].at(-1)
  }

  /** Oldest first. */
  get heads(): readonly TransactionHead[] {
    return [...this.#transactions.values()].map(headOf)
  }

  get reported(): readonly ReportedFailure[] {
    return [...this.#reported]
  }

  #begin({ transaction: id, epoch, trigger, at }: Extract<Observed, { readonly kind: 'began' }>): string {
    for (const before of [...this.#transactions.values()].slice(-2)) {
      if (before.outcome === 'superseded' && before.supersededBy === undefined) {
        this.#transactions.set(before.id, { ...before, supersededBy: id })
      }
    }
    this.#add({ id, epoch, trigger, startedAt: at, outcome: 'running', changes: 0, modules: [], failures: [] })
    return id
  }

  #add(transaction: InspectedTransaction): void {
    this.#transactions.set(transaction.id, transaction)
    for (const oldest of this.#transactions.keys()) {
      if (this.#transactions.size <= MAX_TRANSACTIONS) break
      this.#transactions.delete(oldest)
    }
  }

  /** One that has left the history already stays away. */
  #update(
    id: string,
    change: (transaction: InspectedTransaction) => Partial<InspectedTransaction>,
  ): string | undefined {
    const transaction = this.#transactions.get(id)
    if (transaction === undefined) return undefined
    this.#transactions.set(id, { ...transaction, ...change(transaction) })
    return id
  }

  #end(record: TransactionRecord): string {
    const { id, epoch, trigger, startedAt, modules, outcome, durationMs, revision, digest } = record
    const known = this.#transactions.get(id)
    const failures = 'failures' in record ? record.failures : []
    const [failure] = failures
    this.#add({
      ...known,
      id,
      epoch,
      trigger,
      startedAt,
      outcome,
      durationMs,
      ...(revision === undefined ? {} : { revision }),
      ...(digest === undefined ? {} : { digest }),
      ...(failure === undefined ? {} : { failure }),
      ...(record.outcome === 'degraded' ? { degraded: record.degraded } : {}),
      changes: modules.length,
      failures,
      modules: modules.map(({ module, change, after, phases }) => ({
        module,
        change,
        after,
        phases: [...phases, ...closesOf(phasesOf(known?.modules ?? [], module), phases)],
      })),
    })
    return id
  }
}

const headOf = (transaction: InspectedTransaction): TransactionHead => {
  const { id, epoch, trigger, revision, startedAt, outcome, durationMs, changes, failure } = transaction
  return {
    id,
    epoch,
    trigger,
    ...(revision === undefined ? {} : { revision }),
    startedAt,
    outcome,
    ...(durationMs === undefined ? {} : { durationMs }),
    changes,
    ...(failure === undefined ? {} : { failure }),
  }
}

const phasesOf = (modules: readonly InspectedModule[], name: string): readonly InspectedPhase[] =>
  modules.find(({ module }) => module === name)?.phases ?? []

/** The closes that the record does not have: they had begun, but not ended. */
const closesOf = (
  known: readonly InspectedPhase[],
  recorded: readonly { readonly phase: string; readonly startMs: number }[],
): readonly InspectedPhase[] =>
  known.filter(
    (one) =>
      one.phase === 'close' && !recorded.some((other) => other.phase === 'close' && other.startMs === one.startMs),
  )

/** A phase that begins is added; one that ends closes the last of its kind that runs. */
const withPhase = (module: InspectedModule, { phase, startMs, ended }: Phase): InspectedModule => {
  const { phases } = module
  if (ended === undefined) {
    // As in the record, a check of the next round goes on with the phase of the round before.
    const last = phases.at(-1)
    const before = phase === 'check' && last?.phase === 'check' ? last : undefined
    const kept = before === undefined ? phases : phases.slice(0, -1)
    return { ...module, phases: [...kept, { phase, startMs: before?.startMs ?? startMs, result: 'running' }] }
  }
  const at = phases.findLastIndex((one) => one.phase === phase && one.result === 'running')
  const running = phases[at]
  if (running === undefined) return module
  const done = { ...running, durationMs: ended.atMs - running.startMs, result: ended.result }
  return { ...module, phases: phases.with(at, done) }
}

/** Characters of a public value that are shown; a document of a megabyte must not be kept two hundred times. */
const MAX_VALUE = 500

const shortened = ({ differences, count }: Diff): Diff => ({
  count,
  differences: differences.map(
    ({ from, to, ...difference }): Difference => ({
      ...difference,
      ...(from === undefined ? {} : { from: short(from) }),
      ...(to === undefined ? {} : { to: short(to) }),
    }),
  ),
})

/** The value, or the beginning of its JSON with an ellipsis. */
const short = (value: unknown): unknown => {
  const text = JSON.stringify(value) ?? ''
  return text.length <= MAX_VALUE ? value : `${text.slice(0, MAX_VALUE)}…`
}
