import { describe, expect, it } from 'vitest'
import { toMermaid } from '../../src/inspect/mermaid.ts'
import { TransactionHistory } from '../../src/inspect/stream/transaction-history.ts'
import { transactionEvents } from './transaction-events.ts'

const addAll = (history: TransactionHistory, ...events: Parameters<TransactionHistory['add']>[0][]): void => {
  for (const event of events) history.add(event)
}

describe('The sequence diagram of a transaction', () => {
  it('has every call and every answer in the order of time', () => {
    const history = new TransactionHistory()
    const { began, planned, phase, ended } = transactionEvents(1)
    addAll(history, began, planned)
    addAll(
      history,
      phase('a', 'prepare', 2),
      phase('b', 'prepare', 3),
      phase('b', 'prepare', 3, 20, 'failed'),
      phase('a', 'prepare', 2, 4),
    )
    expect(toMermaid(history.get('t-1') as never)).toBe(`---
title: "t-1 running"
---
sequenceDiagram
  autonumber
  participant source as Source
  participant reloader as Reloader
  participant m0 as a
  participant m1 as b
  source->>reloader: revision 1 #40;change#41;
  reloader->>+m0: prepare
  reloader->>+m1: prepare
  m0-->>-reloader: done, 2.0 ms
  m1--x-reloader: failed, 17 ms
  Note over reloader: running
`)
    addAll(history, ended())
    expect(toMermaid(history.get('t-1') as never)).toContain('title: "t-1 committed in 10 ms"')
  })

  it('escapes names that Mermaid would read as syntax', () => {
    const history = new TransactionHistory()
    const { began, planned } = transactionEvents(1)
    const names = ['end', 'a; b', 'note over reloader: x\nautonumber', '<script>', '%%{init: {}}%%', '#quot;']
    addAll(history, began, { ...planned, modules: names.map((module) => ({ module, change: 'open', after: [] })) })
    const lines = toMermaid(history.get('t-1') as never)
      .split('\n')
      .filter((line) => line.includes('participant m'))
    expect(lines).toHaveLength(names.length)
    for (const line of lines) expect(line).toMatch(/^ {2}participant m\d as [^;:%<>{}"]*(#\d+;[^;:%<>{}"]*)*$/)
    expect(lines[0]).not.toMatch(/\bend\b/)
  })
})
