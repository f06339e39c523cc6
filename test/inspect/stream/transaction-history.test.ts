import { describe, expect, it } from 'vitest'
import { TransactionHistory } from '../../../src/inspect/stream/transaction-history.ts'
import { transactionEvents } from '../transaction-events.ts'

const addAll = (history: TransactionHistory, ...events: Parameters<TransactionHistory['add']>[0][]): void => {
  for (const event of events) history.add(event)
}

describe('The transaction history', () => {
  it('merges all checks of a soak into one phase, as the record does', () => {
    const history = new TransactionHistory()
    const { began, planned, phase } = transactionEvents(1)
    addAll(history, began, planned)
    for (const at of [10, 20, 30]) addAll(history, phase('a', 'check', at), phase('a', 'check', at, at + 1))
    addAll(history, phase('a', 'check', 40))
    expect(history.get('t-1')?.modules[0]?.phases).toEqual([{ phase: 'check', startMs: 10, result: 'running' }])
    addAll(history, phase('a', 'check', 40, 41, 'failed'))
    expect(history.get('t-1')?.modules[0]?.phases).toEqual([
      { phase: 'check', startMs: 10, durationMs: 31, result: 'failed' },
    ])
  })

  it('names the transaction that superseded another one', () => {
    const history = new TransactionHistory()
    addAll(
      history,
      transactionEvents(1).began,
      transactionEvents(1).ended('superseded'),
      transactionEvents(2).began,
      transactionEvents(2).ended(),
      transactionEvents(3).began,
    )
    expect([1, 2, 3].map((number) => history.get(`t-${number}`)?.supersededBy)).toEqual(['t-2', undefined, undefined])
  })

  it('shows the newest plan when a newer document replaces the one of a transaction', () => {
    const history = new TransactionHistory()
    const { began, planned } = transactionEvents(1)
    addAll(history, began, planned, {
      ...planned,
      revision: { ...planned.revision, name: '9' },
      modules: planned.modules.slice(0, 1),
    })
    expect(history.get('t-1')).toMatchObject({ revision: { name: '9' }, changes: 1, modules: [{ module: 'a' }] })
  })

  it('keeps a close that began before the record and ends after it, once', () => {
    const history = new TransactionHistory()
    const { began, planned, phase, ended } = transactionEvents(1)
    addAll(history, began, planned, phase('a', 'close', 9), phase('b', 'close', 9), ended(), phase('a', 'close', 9, 12))
    const [a, b] = history.get('t-1')?.modules ?? []
    expect(a?.phases.filter(({ phase: name }) => name === 'close')).toEqual([
      { phase: 'close', startMs: 9, durationMs: 3, result: 'done' },
    ])
    expect(b?.phases.filter(({ phase: name }) => name === 'close')).toEqual([
      { phase: 'close', startMs: 9, result: 'running' },
    ])
  })

  it('accepts a record without earlier events, but no other event before the start', () => {
    const history = new TransactionHistory()
    const { phase, planned, ended } = transactionEvents(1)
    addAll(history, planned, phase('a', 'prepare', 1))
    expect(history.summaries).toEqual([])
    addAll(history, ended())
    expect(history.summaries).toMatchObject([{ id: 't-1', outcome: 'committed', changes: 2 }])
  })

  it('truncates a long public value', () => {
    const history = new TransactionHistory()
    const { began, planned } = transactionEvents(1)
    const differences = [
      { path: 'a', change: 'changed' as const, from: 'short', to: 'x'.repeat(100_000) },
      { path: 'b', change: 'added' as const, to: Array(10_000).fill(1) },
    ]
    addAll(history, began, { ...planned, diff: { differences, count: 2 } })
    const [a, b] = history.get('t-1')?.diff?.differences ?? []
    expect(a?.from).toBe('short')
    expect(String(a?.to)).toMatch(/^"x{499}…$/)
    expect(String(b?.to)).toMatch(/^\[1,1,.*…$/)
  })
})
