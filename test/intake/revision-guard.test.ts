import { describe, expect, it, vi } from 'vitest'
import type { ReadResult } from '../../src/api/source.ts'
import { HashLater } from '../../src/intake/content-digest.ts'
import { RevisionGuard } from '../../src/intake/revision-guard.ts'

const at = (order: number, content: string, name = String(order), lineage = 'a'): ReadResult => ({
  kind: 'document',
  revision: { lineage, order, name },
  content,
})

const read = (guard: RevisionGuard, result: ReadResult) => guard.judgeRead(result, guard.mark())

const guardOf = (...results: ReadResult[]): RevisionGuard => {
  const guard = new RevisionGuard()
  for (const result of results) read(guard, result)
  return guard
}

const lineageOf = (judged: ReturnType<typeof read>): string | undefined =>
  judged.kind === 'found' ? judged.result.revision.lineage : undefined

describe('A read', () => {
  it.each<[string, ReadResult]>([
    ['the same document', at(1, 'one')],
    ['the same document at a later order', at(7, 'one', '1')],
    ['the same document in bytes', { ...at(1, ''), content: Buffer.from('one') } as ReadResult],
    ['another document', at(2, 'two')],
    ['the same content at a later revision', at(2, 'one')],
    ['another lineage', at(1, 'two', '1', 'b')],
    ['no document at a later order', { kind: 'missing', revision: { lineage: 'a', order: 2, name: '0' } }],
  ])('is passed on as it is if it finds %s', (_title, result) => {
    expect(read(guardOf(at(1, 'one')), result)).toEqual({ kind: 'found', result })
  })

  it.each<[string, ReadResult]>([
    ['other text', at(1, 'two')],
    ['other text at a later order', at(9, 'two', '1')],
    ['other text at an earlier order', at(0, 'two', '1')],
    ['other bytes', { ...at(1, ''), content: Uint8Array.of(1) } as ReadResult],
    ['another fingerprint', { ...at(1, 'one'), fingerprint: 'f' } as ReadResult],
    ['no document', { kind: 'missing', revision: { lineage: 'a', order: 1, name: '1' } }],
    ['a malformed document', { kind: 'malformed', code: 'document.malformed', revision: at(1, '').revision }],
    ['another name at the same order', at(1, 'two', 'two')],
  ])('begins a lineage of its own if the same revision stands for %s', (_title, result) => {
    const judged = read(guardOf(at(1, 'one')), result)
    expect(judged).toMatchObject({ result: { revision: { lineage: 'a~1' } }, breach: expect.any(String) })
  })

  it('remembers a name while other documents came and went', () => {
    const between = Array.from({ length: 500 }, (_, n) => at(n + 2, `text ${n}`))
    expect(read(guardOf(at(1, 'one'), ...between), at(600, 'one', '1'))).not.toHaveProperty('breach')
    expect(lineageOf(read(guardOf(at(1, 'one'), ...between), at(600, 'other', '1')))).toBe('a~1')
  })

  it('remembers names of a lineage that was left', () => {
    const guard = guardOf(at(1, 'one'), at(1, 'two', '1', 'b'))
    expect(lineageOf(read(guard, at(1, 'other')))).toBe('a~1')
    expect(lineageOf(read(guard, at(2, 'three', '2', 'b')))).toBe('b')
  })

  it('begins one lineage after another, none of which is known from an earlier run', () => {
    const guard = new RevisionGuard()
    guard.learn(at(1, 'zero'))
    guard.learn(at(1, 'first', '1', 'a~1'))
    expect(lineageOf(read(guard, at(1, 'one')))).toBe('a~2')
    expect(lineageOf(read(guard, at(2, 'two')))).toBe('a~2')
    expect(lineageOf(read(guard, at(2, 'other')))).toBe('a~3')
  })

  it('keeps the orders of the source in a lineage that the guard has begun', () => {
    const guard = guardOf(at(5, 'one'), at(5, 'two'), at(9, 'nine'))
    expect(read(guard, at(7, 'seven'))).toMatchObject({ isOlder: true })
    expect(read(guard, at(12, 'twelve'))).toMatchObject({ result: { revision: { lineage: 'a~1', order: 12 } } })
  })

  it('is counted from the fifth contradiction in a row on, and one without a contradiction begins again', () => {
    const guard = guardOf(at(0, 'text 0', 'all'))
    const revisions = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, n) => read(guard, at(0, `text ${from + n}`, 'all'))).map((judged) => {
        if (judged.kind !== 'found') throw new Error('overtaken')
        const { lineage, order, name } = judged.result.revision
        return `${lineage} ${order} ${name}`
      })
    expect(revisions(1, 4)).toEqual(['a~1 0 all', 'a~2 0 all', 'a~3 0 all', 'a~4 0 all'])
    read(guard, at(1, 'in order'))
    expect(revisions(5, 10)).toEqual(['a~5 0 all', 'a~6 0 all', 'a~7 0 all', 'a~8 0 all', 'a~9 1 all', 'a~9 2 all~2'])
  })

  it('gives the source its own revision back', () => {
    const guard = guardOf(at(5, 'one'))
    const judged = read(guard, at(5, 'two'))
    if (judged.kind !== 'found') throw new Error('overtaken')
    expect(judged.result.revision.lineage).toBe('a~1')
    expect(guard.rawOf(judged.result.revision)).toEqual(at(5, 'two').revision)
    const foreign = { lineage: 'x', order: 1, name: '1' }
    expect(guard.rawOf(foreign)).toBe(foreign)
  })
})

describe('Reads that overlap', () => {
  it('may be answered in reverse order', () => {
    const guard = guardOf(at(1, 'one'))
    const first = guard.mark()
    const second = guard.mark()
    guard.judgeRead(at(3, 'three'), second)
    expect(guard.judgeRead(at(2, 'two'), first)).toEqual({ kind: 'found', result: at(2, 'two') })
    expect(read(guard, at(2, 'two'))).toMatchObject({ isOlder: true })
  })

  it('are overtaken if the store was replaced during the read, unless they found the same', () => {
    const guard = guardOf(at(5, 'one'))
    const [old, same] = [guard.mark(), guard.mark()]
    read(guard, at(5, 'replaced'))
    expect(guard.judgeRead(at(8, 'of the old store'), old)).toEqual({ kind: 'overtaken' })
    expect(lineageOf(guard.judgeRead(at(5, 'replaced'), same))).toBe('a~1')
  })

  it('count in the order in which they began once the orders of the source are useless', () => {
    const guard = guardOf(...Array.from({ length: 8 }, (_, n) => at(0, `text ${n}`, 'all')))
    const [first, second] = [guard.mark(), guard.mark()]
    const newer = guard.judgeRead(at(0, 'newer', 'all'), second)
    expect(guard.judgeRead(at(0, 'older', 'all'), first)).toEqual({ kind: 'overtaken' })
    const again = read(guard, at(0, 'newer', 'all'))
    expect(again).toMatchObject({ result: { revision: newer.kind === 'found' && newer.result.revision } })
  })
})

describe('A report of the stream', () => {
  it('is passed on if it contradicts nothing', () => {
    const guard = guardOf(at(1, 'one'))
    for (const result of [at(1, 'one'), at(2, 'two'), at(1, 'one'), at(9, 'x', '9', 'foreign')]) {
      expect(guard.judgeReported(result, guard.epoch)).toEqual(result)
    }
  })

  it.each<[string, ReadResult]>([
    ['gives a known name to another document', at(9, 'other', '1')],
    ['gives a known order to another name', at(5, 'other', 'x')],
    ['goes back to something that was never seen', at(3, 'three')],
  ])('is left to a read if it %s', (_title, result) => {
    const guard = guardOf(at(1, 'one'), at(5, 'five'))
    expect(guard.judgeReported(result, guard.epoch)).toBeUndefined()
  })

  it('is left to a read if the stream began before the store was replaced', () => {
    const guard = guardOf(at(5, 'one'))
    const { epoch } = guard
    read(guard, at(5, 'replaced'))
    expect(guard.judgeReported(at(9, 'of the old store'), epoch)).toBeUndefined()
    expect(guard.judgeReported(at(9, 'of the new store'), guard.epoch)).toMatchObject({ revision: { lineage: 'a~1' } })
  })
})

it('Each document that is remembered will be hashed, and one that comes again is remembered once', () => {
  const add = vi.spyOn(HashLater.prototype, 'add')
  try {
    guardOf(at(1, 'one'), at(2, 'two'), at(2, 'two'), at(3, 'one'))
    expect(add).toHaveBeenCalledTimes(3)
  } finally {
    add.mockRestore()
  }
})
