import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mergeLayers, type Nulls } from '../../../src/sources/layers/merge.ts'

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The published rules again, in the plainest words: a list of leaves by their path, in which later layers write. */
const reference = (layers: readonly unknown[], nulls: Nulls): unknown => {
  const clean = (value: unknown): unknown => {
    if (!isObject(value) || nulls === 'keep') return value
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, member]) => (member === null ? [] : [[key, clean(member)]])),
    )
  }
  const over = (lower: unknown, upper: unknown): unknown => {
    if (lower === undefined || lower === null || upper === null) return clean(upper)
    if (isObject(lower) !== isObject(upper)) return 'clash'
    if (!isObject(lower) || !isObject(upper)) return upper
    const result = new Map(Object.entries(lower))
    for (const [key, member] of Object.entries(upper)) {
      if (member === null && nulls === 'delete') {
        result.delete(key)
        continue
      }
      const made = over(result.get(key), member)
      if (made === 'clash') return 'clash'
      result.set(key, made)
    }
    return Object.fromEntries(result)
  }
  let value = clean(layers[0])
  for (const layer of layers.slice(1)) {
    value = over(value, layer)
    if (value === 'clash') return 'clash'
  }
  return value
}

// Few keys and small values, so that layers meet in most places.
const keys = fc.constantFrom('a', 'b', 'c', 'constructor', 'toString', '1')
const scalars = fc.constantFrom<unknown>(null, 0, 1, true, '', 'text')
const layer = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalars, fc.array(tie('value'), { maxLength: 2 }), tie('object')),
  object: fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
})).object

describe('The merge of layers', () => {
  it.each(['keep', 'delete'] as const)(
    'agrees with the reference on 10,000 generated pairs, with nulls: %s',
    (nulls) => {
      fc.assert(
        fc.property(layer, layer, (lower, upper) => {
          const merged = mergeLayers([lower, upper], nulls)
          const expected = reference([lower, upper], nulls)
          if (expected === 'clash') expect(merged.kind).toBe('clash')
          else expect(JSON.stringify(merged)).toBe(JSON.stringify({ kind: 'merged', value: expected }))
        }),
        { numRuns: 10_000, seed: 18 },
      )
    },
  )

  it('agrees with the reference on four layers', () => {
    fc.assert(
      fc.property(
        fc.array(layer, { minLength: 1, maxLength: 4 }),
        fc.constantFrom<Nulls>('keep', 'delete'),
        (layers, nulls) => {
          const merged = mergeLayers(layers, nulls)
          const expected = reference(layers, nulls)
          expect(merged.kind === 'clash' ? 'clash' : merged.value).toEqual(expected)
        },
      ),
      { numRuns: 2_000, seed: 18 },
    )
  })

  it('changes none of the layers', () => {
    const layers = [{ a: { b: 1 } }, { a: { c: 2, d: null } }]
    const before = JSON.stringify(layers)
    mergeLayers(layers, 'delete')
    expect(JSON.stringify(layers)).toBe(before)
  })

  it('names the two layers of a clash, and its path', () => {
    const layers = [{ db: { max: 1 } }, { log: 'info' }, { db: 5 }]
    expect(mergeLayers(layers, 'keep')).toEqual({ kind: 'clash', path: ['db'], lower: 0, upper: 2 })
  })

  it.each([
    ['an object above an array', { a: [1] }, { a: { b: 1 } }],
    ['an array above an object', { a: { b: 1 } }, { a: [1] }],
    ['a scalar above an object', { a: { b: 1 } }, { a: 'text' }],
    ['an object above a scalar', { a: 0 }, { a: {} }],
    ['an object above false', { a: false }, { a: {} }],
    ['an array as the whole document above an object', { a: 1 }, [1]],
  ])('refuses %s', (_title, lower, upper) => {
    expect(mergeLayers([lower, upper], 'keep').kind).toBe('clash')
  })

  it.each([
    ['null above an object', { a: { b: 1 } }, { a: null }, { a: null }],
    ['an object above null', { a: null }, { a: { b: 1 } }, { a: { b: 1 } }],
    ['an array above a scalar', { a: 1 }, { a: [2] }, { a: [2] }],
    ['a shorter array above a longer one', { a: [1, 2, 3] }, { a: [4] }, { a: [4] }],
    ['an empty object above another', { a: { b: 1 } }, { a: {} }, { a: { b: 1 } }],
  ])('takes %s', (_title, lower, upper, value) => {
    expect(mergeLayers([lower, upper], 'keep')).toEqual({ kind: 'merged', value })
  })

  it('keeps the keys of the lower layer first', () => {
    const merged = mergeLayers(
      [
        { b: 1, a: 1 },
        { c: 2, a: 2 },
      ],
      'keep',
    )
    expect(JSON.stringify(merged)).toContain('{"b":1,"a":2,"c":2}')
  })
})
