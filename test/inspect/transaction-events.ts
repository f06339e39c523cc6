import type { Failure, TransactionRecord } from 'changeover'

/** Creates the events that a reloader emits for a transaction with the modules `a` and `b`. */
export const transactionEvents = (number: number) => {
  const transaction = `t-${number}`
  const began = { kind: 'began', transaction, epoch: number, trigger: 'change', at: 1_000 + number } as const
  const revision = { lineage: 'l', order: number, name: String(number) }
  const modules = [
    { module: 'a', change: 'replace', after: [] },
    { module: 'b', change: 'replace', after: ['a'] },
  ] as const
  const diff = { differences: [{ path: 'a.value', change: 'changed' }], count: 1 } as const
  const planned = { kind: 'planned', transaction, revision, digest: `d${number}`, modules, diff, atMs: 2 } as const
  const phase = (
    module: string,
    name: 'prepare' | 'commit' | 'check' | 'rollback' | 'close',
    startMs: number,
    endMs?: number,
    result: 'done' | 'failed' = 'done',
  ) =>
    ({
      kind: 'phase',
      transaction,
      module,
      phase: name,
      startMs,
      ...(endMs === undefined ? {} : { ended: { atMs: endMs, result } }),
    }) as const
  const record = (outcome: 'committed' | 'superseded' | 'unchanged' | 'aborted' = 'committed'): TransactionRecord => ({
    id: transaction,
    epoch: number,
    trigger: 'change',
    revision,
    digest: `d${number}`,
    startedAt: 1_000 + number,
    durationMs: 10,
    modules: modules.map((module) => ({
      ...module,
      phases: [{ phase: 'prepare', startMs: 2, durationMs: 3, result: 'done' }],
    })),
    outcome,
  })
  const ended = (outcome?: Parameters<typeof record>[0]) => ({ kind: 'record', record: record(outcome) }) as const
  return { began, planned, phase, ended }
}

/** Creates the event of a failure that belongs to no transaction. */
export const reportedEvent = (message: string, at = 0) => {
  const failure: Failure = { code: 'module.close-failed', message, hint: 'None.' }
  return { kind: 'reported', failure, at } as const
}
