import { describe, expect, it } from 'vitest'
import { History } from '../../../src/inspect/stream/transaction-history.ts'
import { mermaidOf } from '../../../src/inspect/mermaid.ts'
import { storyOf } from './broadcaster-fixture.ts'

const tell = (history: History, ...events: Parameters<History['note']>[0][]): void => {
  for (const event of events) history.note(event)
}

describe('the history', () => {
  it('joins the rounds of a soak to one phase, as the record does', () => {
    const history = new History()
    const { began, planned, phase } = storyOf(1)
    tell(history, began, planned)
    for (const at of [10, 20, 30]) tell(history, phase('a', 'check', at), phase('a', 'check', at, at + 1))
    tell(history, phase('a', 'check', 40))
    expect(history.get('t-1')?.modules[0]?.phases).toEqual([{ phase: 'check', startMs: 10, result: 'running' }])
    tell(history, phase('a', 'check', 40, 41, 'failed'))
    expect(history.get('t-1')?.modules[0]?.phases).toEqual([
      { phase: 'check', startMs: 10, durationMs: 31, result: 'failed' },
    ])
  })

  it('says which transaction took another over', () => {
    const history = new History()
    tell(
      history,
      storyOf(1).began,
      storyOf(1).ended('superseded'),
      storyOf(2).began,
      storyOf(2).ended(),
      storyOf(3).began,
    )
    expect([1, 2, 3].map((number) => history.get(`t-${number}`)?.supersededBy)).toEqual(['t-2', undefined, undefined])
  })

  it('goes by the newest plan, where a newer document takes a transaction over', () => {
    const history = new History()
    const { began, planned } = storyOf(1)
    tell(history, began, planned, {
      ...planned,
      revision: { ...planned.revision, name: '9' },
      modules: planned.modules.slice(0, 1),
    })
    expect(history.get('t-1')).toMatchObject({ revision: { name: '9' }, changes: 1, modules: [{ module: 'a' }] })
  })

  it('keeps a close that began before the record and ends after it, once', () => {
    const history = new History()
    const { began, planned, phase, ended } = storyOf(1)
    tell(history, began, planned, phase('a', 'close', 9), phase('b', 'close', 9), ended(), phase('a', 'close', 9, 12))
    const [a, b] = history.get('t-1')?.modules ?? []
    expect(a?.phases.filter(({ phase: name }) => name === 'close')).toEqual([
      { phase: 'close', startMs: 9, durationMs: 3, result: 'done' },
    ])
    expect(b?.phases.filter(({ phase: name }) => name === 'close')).toEqual([
      { phase: 'close', startMs: 9, result: 'running' },
    ])
  })

  it('takes a record of which it has seen nothing else, and nothing of what it never saw begin', () => {
    const history = new History()
    const { phase, planned, ended } = storyOf(1)
    tell(history, planned, phase('a', 'prepare', 1))
    expect(history.heads).toEqual([])
    tell(history, ended())
    expect(history.heads).toMatchObject([{ id: 't-1', outcome: 'committed', changes: 2 }])
  })

  it('keeps of a long public value its beginning', () => {
    const history = new History()
    const { began, planned } = storyOf(1)
    const differences = [
      { path: 'a', change: 'changed' as const, from: 'short', to: 'x'.repeat(100_000) },
      { path: 'b', change: 'added' as const, to: Array(10_000).fill(1) },
    ]
    tell(history, began, { ...planned, diff: { differences, count: 2 } })
    const [a, b] = history.get('t-1')?.diff?.differences ?? []
    expect(a?.from).toBe('short')
    expect(String(a?.to)).toMatch(/^"x{499}…$/)
    expect(String(b?.to)).toMatch(/^\[1,1,.*…$/)
  })
})

describe('a transaction as a sequence diagram', () => {
  it('has each call and each answer in the order of time', () => {
    const history = new History()
    const { began, planned, phase, ended } = storyOf(1)
    tell(history, began, planned)
    tell(
      history,
      phase('a', 'prepare', 2),
      phase('b', 'prepare', 3),
      phase('b', 'prepare', 3, 20, 'failed'),
      phase('a', 'prepare', 2, 4),
    )
    expect(mermaidOf(history.get('t-1') as never)).toBe(`---
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
    tell(history, ended())
    expect(mermaidOf(history.get('t-1') as never)).toContain('title: "t-1 committed in 10 ms"')
  })

  it('is not broken by a name that Mermaid would read as syntax', () => {
    const history = new History()
    const { began, planned } = storyOf(1)
    const names = ['end', 'a; b', 'note over reloader: x\nautonumber', '<script>', '%%{init: {}}%%', '#quot;']
    tell(history, began, { ...planned, modules: names.map((module) => ({ module, change: 'open', after: [] })) })
    const lines = mermaidOf(history.get('t-1') as never)
      .split('\n')
      .filter((line) => line.includes('participant m'))
    expect(lines).toHaveLength(names.length)
    for (const line of lines) expect(line).toMatch(/^ {2}participant m\d as [^;:%<>{}"]*(#\d+;[^;:%<>{}"]*)*$/)
    expect(lines[0]).not.toMatch(/\bend\b/)
  })
})
