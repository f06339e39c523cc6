import { describe, expect, it } from 'vitest'
import { SourceError } from '../../../src/api/source.ts'
import {
  LineageTracker,
  type ResponseHeader,
  storeRevisionOf,
  toNumber,
} from '../../../src/sources/etcd/connection/lineage.ts'

const header = (revision: number, term = 2, cluster = '7') => ({
  cluster_id: cluster,
  revision: String(revision),
  raft_term: String(term),
})

/** The lineage of a read that overlaps no other. */
const lineageOf = (lineages: LineageTracker, response: ResponseHeader | null): string =>
  lineages.observe(response, lineages.mark()).lineage

describe('The lineage', () => {
  it('stays while revision and term rise or stay the same', () => {
    const lineages = new LineageTracker()
    expect(lineages.current()).toBeUndefined()
    for (const answer of [header(5), header(5), header(9), header(9, 3)]) {
      expect(lineageOf(lineages, answer)).toBe('7/0')
    }
  })

  it('changes when the term goes back that was not told at first', () => {
    const lineages = new LineageTracker()
    const terms = [0, 5, 0, 5, 3].map((term) => lineageOf(lineages, header(9, term)))
    expect(terms).toEqual(['7/0', '7/0', '7/0', '7/0', '7/1'])
  })

  it('changes when the revision goes back, when the term goes back, and with the cluster id', () => {
    const lineages = new LineageTracker()
    const seen = [header(50, 4), header(5, 4), header(60, 2), header(70, 2, '8'), header(80, 2, '8')].map((answer) =>
      lineageOf(lineages, answer),
    )
    expect(seen).toEqual(['7/0', '7/1', '7/2', '8/3', '8/3'])
  })

  it('stays if overlapping reads are answered in reverse order', () => {
    const lineages = new LineageTracker()
    lineages.observe(header(5), lineages.mark())
    const first = lineages.mark()
    const second = lineages.mark()
    expect(lineages.observe(header(7), second)).toEqual({ lineage: '7/0', order: 7 })
    expect(lineages.observe(header(6), first)).toEqual({ lineage: '7/0', order: 6 })
    expect(lineageOf(lineages, header(6))).toBe('7/1')
  })

  it('is unknown for a read during which the store was replaced', () => {
    const lineages = new LineageTracker()
    lineages.observe(header(50), lineages.mark())
    const overtaken = lineages.mark()
    lineages.observe(header(5), lineages.mark())
    expect(() => lineages.observe(header(51), overtaken)).toThrow(SourceError)
    expect(lineageOf(lineages, header(6))).toBe('7/1')
  })

  it('changes if a read finds a lower revision than a watch of the same lineage has reported', () => {
    const lineages = new LineageTracker()
    lineages.advance('7/0', 99)
    expect(lineageOf(lineages, header(5))).toBe('7/0')
    lineages.advance('7/1', 99)
    lineages.advance('7/0', 20)
    lineages.advance('7/0', 10)
    expect(lineageOf(lineages, header(20))).toBe('7/0')
    expect(lineageOf(lineages, header(19))).toBe('7/1')
  })

  it('rejects a revision that a JavaScript number cannot hold', () => {
    expect(toNumber('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => toNumber('9007199254740993')).toThrow(SourceError)
  })

  it.each([
    ['the cluster id', header(9, 2, '0')],
    ['the term', header(9, 0)],
    ['the revision', header(0)],
    ['all fields', header(0, 0, '0')],
    ['the header', null],
  ])('stays if an intermediary leaves out %s, before and after a whole header', (_, empty) => {
    const lineages = new LineageTracker()
    lineages.observe(header(8), lineages.mark())
    expect(lineageOf(lineages, empty)).toBe('7/0')
    expect(lineages.isForeign(empty, '7/0')).toBe(false)
    expect(lineageOf(lineages, header(9))).toBe('7/0')
    const later = new LineageTracker()
    const first = lineageOf(later, empty)
    expect(lineageOf(later, header(9))).toBe(first)
    expect(later.isForeign(header(9), first)).toBe(false)
  })

  it('changes although responses without fields came in between', () => {
    const gap = header(0, 0, '0')
    const seen = [header(50, 4), gap, header(5, 4), gap, header(6, 3), null, header(7, 3, '8'), gap]
    const lineages = new LineageTracker()
    expect(seen.map((answer) => lineageOf(lineages, answer))).toEqual([
      '7/0',
      '7/0',
      '7/1',
      '7/1',
      '7/2',
      '7/2',
      '8/3',
      '8/3',
    ])
  })

  it('changes when the cluster id differs from the first that was told, not from the unknown one before', () => {
    const lineages = new LineageTracker()
    const unknown = lineageOf(lineages, header(5, 2, '0'))
    expect(lineageOf(lineages, header(6))).toBe(unknown)
    expect(lineages.isForeign(header(6, 2, '8'), unknown)).toBe(true)
    expect(lineageOf(lineages, header(7, 2, '8'))).toBe('8/1')
    expect(lineages.isForeign(header(7), '8/1')).toBe(true)
    expect(lineages.isForeign(header(7), '7/0')).toBe(false)
  })

  it('orders a response without a revision by what it holds and what was seen', () => {
    const lineages = new LineageTracker()
    const orderOf = (revision: number, modRevision: number): number =>
      lineages.observe(header(revision), lineages.mark(), modRevision).order
    expect([orderOf(0, 4), orderOf(0, 9), orderOf(0, 0), orderOf(12, 9), orderOf(0, 9)]).toEqual([4, 9, 9, 12, 12])
    lineages.advance('7/0', 20)
    expect(orderOf(0, 9)).toBe(20)
  })

  it('takes the revision of a created watch only from the store itself', () => {
    expect(storeRevisionOf(header(5))).toBe(5)
    for (const empty of [header(5, 0, '0'), header(0), null]) expect(storeRevisionOf(empty)).toBeUndefined()
  })
})
