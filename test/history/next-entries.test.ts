import { describe, expect, it } from 'vitest'
import type { Change } from '../../src/history/document-store.ts'
import { newHead } from '../../src/history/history-entry.ts'
import { nextEntries } from '../../src/history/next-entries.ts'

const change: Change = { text: '{"n":2}', ifRevision: '7', author: 'Ada', reason: 'more', action: 'publish' }
const head = { ...newHead(), number: 4 }
const time = '2026-03-02T09:30:00.000Z'
const before = { text: '{"n":1}', revision: '7' }

const entriesOf = (document: { text?: string; revision: string }, isCurrent: boolean) =>
  nextEntries(
    change,
    { document: document as Parameters<typeof nextEntries>[1]['document'], isCurrent },
    head,
    Date.parse(time),
  )

describe('The entries of a change', () => {
  it('are one, with the next number, if the history holds what is replaced', () => {
    const { found, entry } = entriesOf(before, true)
    expect(found).toBeUndefined()
    expect(entry).toMatchObject({ number: 5, time, author: 'Ada', reason: 'more', action: 'publish', text: '{"n":2}' })
  })

  it('are two, with the next numbers, if something else has written what is replaced', () => {
    const { found, entry } = entriesOf(before, false)
    expect(found).toMatchObject({
      number: 5,
      time,
      author: 'unknown',
      reason: 'found at revision 7',
      action: 'found',
      text: '{"n":1}',
    })
    expect(entry).toMatchObject({ number: 6, action: 'publish', text: '{"n":2}' })
    expect(found?.id).not.toBe(entry.id)
    expect(found?.digest).not.toBe(entry.digest)
  })

  it('are one if nothing was there', () => {
    expect(entriesOf({ revision: '0' }, false)).toMatchObject({ found: undefined, entry: { number: 5 } })
  })
})
