import { describe, expect, it } from 'vitest'
import { SourceError } from '../../../src/api/source.ts'
import { LineageTracker, toNumber } from '../../../src/sources/etcd/lineage.ts'

const header = (revision: number, term = 2, cluster = '7') => ({
  cluster_id: cluster,
  revision: String(revision),
  raft_term: String(term),
})

describe('The lineage', () => {
  it('stays while revision and term rise or stay the same', () => {
    const lineages = new LineageTracker()
    expect(lineages.current()).toBeUndefined()
    for (const answer of [header(5), header(5), header(9), header(9, 3)]) {
      expect(lineages.observe(answer, lineages.mark())).toBe('7/0')
    }
  })

  it('changes when the revision goes back, when the term goes back, and with the cluster id', () => {
    const lineages = new LineageTracker()
    const seen = [header(50, 4), header(5, 4), header(60, 2), header(70, 2, '8'), header(80, 2, '8')].map((answer) =>
      lineages.observe(answer, lineages.mark()),
    )
    expect(seen).toEqual(['7/0', '7/1', '7/2', '8/3', '8/3'])
  })

  it('stays if overlapping reads are answered in reverse order', () => {
    const lineages = new LineageTracker()
    lineages.observe(header(5), lineages.mark())
    const first = lineages.mark()
    const second = lineages.mark()
    expect(lineages.observe(header(7), second)).toBe('7/0')
    expect(lineages.observe(header(6), first)).toBe('7/0')
    expect(lineages.observe(header(6), lineages.mark())).toBe('7/1')
  })

  it('is unknown for a read during which the store was replaced', () => {
    const lineages = new LineageTracker()
    lineages.observe(header(50), lineages.mark())
    const overtaken = lineages.mark()
    lineages.observe(header(5), lineages.mark())
    expect(() => lineages.observe(header(51), overtaken)).toThrow(SourceError)
    expect(lineages.observe(header(6), lineages.mark())).toBe('7/1')
  })

  it('changes if a read finds a lower revision than a watch of the same lineage has reported', () => {
    const lineages = new LineageTracker()
    lineages.advance('7/0', 99)
    expect(lineages.observe(header(5), lineages.mark())).toBe('7/0')
    lineages.advance('7/1', 99)
    lineages.advance('7/0', 20)
    lineages.advance('7/0', 10)
    expect(lineages.observe(header(20), lineages.mark())).toBe('7/0')
    expect(lineages.observe(header(19), lineages.mark())).toBe('7/1')
  })

  it('rejects a revision that a JavaScript number cannot hold', () => {
    expect(toNumber('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => toNumber('9007199254740993')).toThrow(SourceError)
  })
})
