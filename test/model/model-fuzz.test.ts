import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { diffOf } from '../../src/model/data/diff.ts'
import { digestOf } from '../../src/model/data/digest.ts'
import { createVisibility } from '../../src/model/visibility.ts'
import { isEqual, isImmutable, toPlain } from '../../src/model/data/plain.ts'
import { type Json, mutated, randomJson, shuffled } from './random-json.ts'
import { createRandom } from '../support/random.ts'

const SEED = 7_041
const ROUNDS = 10_000

/** Makes the same text for equal values, as a reference of equality: the order of keys counts, and a zero has no sign. */
const textOf = (value: unknown): string => JSON.stringify(value)

/** Removes the keys that make a dotted path ambiguous. */
const pathSafe = (value: Json): Json =>
  JSON.parse(JSON.stringify(value), (_, member: Json) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).filter(([key]) => key !== '' && !key.includes('.')))
      : member,
  )

/** Lists every leaf by its path, as a reference for diffOf. */
const leaves = (value: Json, path = ''): Map<string, string> => {
  if (typeof value !== 'object' || value === null) return new Map([[path, JSON.stringify(value)]])
  const kind = Array.isArray(value) ? '[]' : `{${Object.keys(value).map((key) => JSON.stringify(key))}}`
  return new Map([
    [`${path}/${kind}`, kind],
    ...Object.entries(value).flatMap(([key, member]) => [...leaves(member, `${path}/${JSON.stringify(key)}`)]),
  ])
}

const reorder = (container: object, keys: readonly string[]): void => {
  const members = keys.map((key): [string, unknown] => [key, Reflect.get(container, key)])
  for (const [key, member] of members) {
    Reflect.deleteProperty(container, key)
    Reflect.set(container, key, member)
  }
}

const parts = (value: unknown): object[] =>
  typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(parts)] : []

/** Calls `check` with random values, in pairs that are often equal or nearly equal. */
const eachPair = (check: (one: Json, other: Json) => void): void => {
  const random = createRandom(SEED)
  for (let round = 0; round < ROUNDS; round++) {
    const one = randomJson(random)
    const make = random.pick([
      () => structuredClone(one),
      () => shuffled(one, random),
      () => mutated(one, random),
      () => mutated(shuffled(one, random), random),
      () => randomJson(random),
    ])
    check(one, make())
  }
}

describe(`The model, compared with simple references on random data (seed ${SEED})`, () => {
  it('considers two configs equal exactly if their JSON texts are equal, so a changed order of keys is a change', () => {
    const counts = { equal: 0, different: 0 }
    eachPair((one, other) => {
      const expected = textOf(one) === textOf(other)
      counts[expected ? 'equal' : 'different'] += 1
      expect(isEqual(one, other)).toBe(expected)
      expect(isEqual(other, one)).toBe(expected)
      expect(isEqual(toPlain(one), toPlain(other))).toBe(expected)
    })
    expect(Math.min(counts.equal, counts.different)).toBeGreaterThan(ROUNDS / 5)
  })

  it('makes plain data that is equal, deeply frozen, and shares nothing with its input', () => {
    eachPair((one) => {
      const plain = toPlain(one)
      expect(textOf(plain)).toBe(textOf(one))
      expect(isDeepStrictEqual(plain, JSON.parse(textOf(one)))).toBe(true)
      const foreign = new Set(parts(one))
      const isUnshared = (part: object): boolean => Object.isFrozen(part) && isImmutable(part) && !foreign.has(part)
      expect(parts(plain).every(isUnshared)).toBe(true)
      expect(toPlain(plain)).toBe(plain)
    })
  })

  it('reuses from the previous config exactly what is equal in its place, so equal data is identical data', () => {
    eachPair((one, other) => {
      const previous = toPlain(one)
      const next = toPlain(other, previous)
      expect(textOf(next)).toBe(textOf(other))
      const isShared = (before: unknown, after: unknown): boolean => {
        if (typeof after !== 'object' || after === null) return true
        if ((before === after) !== isEqual(before, after)) return false
        if (typeof before !== 'object' || before === null || Array.isArray(before) !== Array.isArray(after)) return true
        const common = Object.keys(after).filter((key) => Object.hasOwn(before, key))
        return common.every((key) => isShared(Reflect.get(before, key), Reflect.get(after, key)))
      }
      expect(isShared(previous, next)).toBe(true)
    })
  })

  it('gives one digest to equal configs, whatever they share, and different ones to others', () => {
    eachPair((one, other) => {
      const isSame = textOf(one) === textOf(other)
      const previous = toPlain(one)
      const digest = digestOf(previous, 'key')
      expect(digestOf(toPlain(other), 'key') === digest).toBe(isSame)
      expect(digestOf(toPlain(other, previous), 'key') === digest).toBe(isSame)
      expect(digestOf(toPlain([one, [other]], toPlain([other, one])), 'key')).toBe(digestOf([one, [other]], 'key'))
      expect(digestOf(one, 'another key')).not.toBe(digest)
    })
  })

  it('keeps the digest of a large config that was changed in one place and back', () => {
    const random = createRandom(SEED + 1)
    const large = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, randomJson(random)]))
    const first = toPlain(large)
    let now = first
    for (let round = 0; round < 100; round++) {
      const changed = toPlain({ ...large, [`k${round}`]: { round } }, now)
      expect(digestOf(changed, 'key')).toBe(
        digestOf(JSON.parse(JSON.stringify({ ...large, [`k${round}`]: { round } })), 'key'),
      )
      now = toPlain(structuredClone(large), changed)
      expect(digestOf(now, 'key')).toBe(digestOf(first, 'key'))
    }
  })

  it('does not confuse the hash of a part with a string of the same characters', () => {
    const part = ['x'.repeat(600)]
    const hash = `#${digestOf(part, '')}`
    expect(digestOf([part], 'key')).not.toBe(digestOf([hash], 'key'))
    for (const [a, b] of [
      [1n, 1],
      [1n, '1n'],
      [['a'], '["a"]'],
      [{}, []],
      [null, 'null'],
      [[null], []],
    ] as const) {
      expect(digestOf({ a }, 'key')).not.toBe(digestOf({ a: b }, 'key'))
    }
  })

  it('lists a difference for every leaf that differs, and no others', () => {
    const open = createVisibility(['*'], undefined)
    const shut = createVisibility([], undefined)
    eachPair((one, other) => {
      const isSame = textOf(one) === textOf(other)
      const diff = diffOf(one, other, shut)
      expect(diff.count === 0).toBe(isSame)
      expect(diff.differences.length).toBe(Math.min(diff.count, 200))
      const before = leaves(one)
      const after = leaves(other)
      const touched = [...before, ...after].filter(
        ([path, leaf]) => before.get(path) !== leaf || after.get(path) !== leaf,
      )
      expect(diff.count <= touched.length).toBe(true)
      expect(diff.differences.some((difference) => 'from' in difference || 'to' in difference)).toBe(false)
      expect(diffOf(other, one, shut).count).toBe(diff.count)
      expect(diffOf(one, other, open).count).toBe(diff.count)
    })
  })

  it('can rebuild the next config from the previous one and a diff with all values', () => {
    const random = createRandom(SEED + 2)
    const open = createVisibility(['root'], undefined)
    for (let round = 0; round < ROUNDS; round++) {
      const one = pathSafe(
        Object.fromEntries(random.times(4, () => [random.pick(['a', 'b', 'c', '0']), randomJson(random, 2)])),
      )
      const isReordered = random.chance(0.3)
      const next = pathSafe(isReordered ? shuffled(one, random) : mutated(shuffled(one, random), random))
      const rebuilt: Record<string, unknown> = { root: structuredClone(one) }
      const sorts = { removed: 0, changed: 1, added: 1, reordered: 2 }
      const { differences } = diffOf({ root: one }, { root: next }, open)
      // Removals go from the last to the first, so that the indexes of an array stay valid.
      for (const { path, change, to } of [...differences].reverse().sort((a, b) => sorts[a.change] - sorts[b.change])) {
        const segments = path.split('.')
        const key = segments.pop() ?? ''
        const at = segments.reduce<unknown>(
          (value, segment) => Reflect.get(value as object, segment),
          rebuilt,
        ) as object
        if (change === 'reordered') reorder(Reflect.get(at, key) as object, to as string[])
        else if (change !== 'removed') Reflect.set(at, key, structuredClone(to))
        else if (Array.isArray(at)) at.splice(Number(key), 1)
        else Reflect.deleteProperty(at, key)
      }
      // A diff does not say at which place a key was added.
      if (isReordered) expect(textOf(rebuilt.root)).toBe(textOf(next))
      else expect(isDeepStrictEqual(rebuilt.root, JSON.parse(textOf(next)))).toBe(true)
    }
  })
})

describe('Plain data beside a polluted prototype', () => {
  const withPollution = <Result>(make: () => Result): Result => {
    Object.defineProperty(Object.prototype, 'polluted', {
      value: 1,
      enumerable: true,
      configurable: true,
      writable: true,
    })
    try {
      return make()
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted')
    }
  }

  it('takes nothing from the prototype of all objects, with and without a config before', () => {
    const value = { a: { b: 1 }, list: [{ c: 2 }] }
    const first = withPollution(() => toPlain(structuredClone(value)))
    expect(textOf(first)).toBe(textOf(value))
    expect(withPollution(() => toPlain(structuredClone(value), first))).toBe(first)
    const changed = withPollution(() => toPlain({ ...structuredClone(value), a: {} }, first))
    expect(changed).toEqual({ a: {}, list: [{ c: 2 }] })
    expect(Object.keys((changed as { readonly a: object }).a)).toEqual([])
  })

  it('does not take a member of the prototype for one that the config before had', () => {
    const before = toPlain({ polluted: 1, a: 2 })
    expect(Object.keys(withPollution(() => toPlain({ a: 2 }, before)) as object)).toEqual(['a'])
    const last = toPlain({ a: 2, polluted: 1 })
    expect(Object.keys(withPollution(() => toPlain({ a: 2 }, last)) as object)).toEqual(['a'])
  })
})

describe('Plain data that differs from the data before', () => {
  it.each([
    ['a key less at the end', { a: 1, b: 2 }, { a: 1 }],
    ['a key less at the start', { a: 1, b: 2 }, { b: 2 }],
    ['a key more', { a: 1 }, { a: 1, b: 2 }],
    ['an undefined member in front', { a: 1, b: 2 }, { c: undefined, a: 1, b: 2 }],
    ['an undefined member in between', { a: 1, b: 2 }, { a: 1, c: undefined, b: 2 }],
    ['an undefined member for one that was there', { a: 1, b: 2 }, { a: undefined, b: 2 }],
    ['other keys', { a: 1, b: 2 }, { a: 1, c: 2 }],
    ['another order', { a: 1, b: 2 }, { b: 2, a: 1 }],
    ['no keys', { a: 1 }, {}],
    ['keys after none', {}, { a: 1 }],
    ['an array for an object', { a: 1 }, [1]],
  ])('is what was given, with %s', (_, before, after) => {
    const previous = toPlain(structuredClone({ inner: before }))
    const plain = toPlain({ inner: after }, previous)
    expect(textOf(plain)).toBe(textOf({ inner: after }))
    expect(plain === previous).toBe(textOf({ inner: before }) === textOf({ inner: after }))
  })
})
