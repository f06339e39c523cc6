import { describe, expect, it } from 'vitest'
import {
  composeOverrides,
  decodeOverride,
  encodeOverride,
  overrideAt,
  type OverrideEntry,
  overrideName,
} from '../../src/fleet/override-entry.ts'

const entryOf = (path: string, value: unknown, at = 0): OverrideEntry => ({
  id: String(at),
  path: path.split('.'),
  value,
  by: 'Ada',
  reason: '',
  until: 1_000,
})

const composed = (...overrides: readonly (readonly [path: string, value: unknown])[]): unknown =>
  JSON.parse(JSON.stringify(composeOverrides(overrides.map(([path, value], at) => entryOf(path, value, at)))))

describe('The config that overrides make', () => {
  it('has each value at its path, and is empty without any', () => {
    expect(composed()).toEqual({})
    expect(composed(['a.b.c', 1], ['a.b.d', [2]], ['a.e', null], ['f', 'x'])).toEqual({
      a: { b: { c: 1, d: [2] }, e: null },
      f: 'x',
    })
  })

  it('has the later value where two meet', () => {
    expect(composed(['a.b', 1], ['a.b', 2])).toEqual({ a: { b: 2 } })
    expect(composed(['a.b', 1], ['a', { c: 2 }])).toEqual({ a: { c: 2 } })
    expect(composed(['a', { b: 1, c: { d: 2 } }], ['a.c.e', 3])).toEqual({ a: { b: 1, c: { d: 2, e: 3 } } })
    for (const value of [1, null, 'x', [1]]) expect(composed(['a', value], ['a.b', 2])).toEqual({ a: { b: 2 } })
  })

  it('leaves the values of the overrides as they are', () => {
    const first = entryOf('a', { b: { c: 1 } })
    composeOverrides([first, entryOf('a.b.c', 2, 1), entryOf('a.d', 3, 2)])
    expect(first.value).toEqual({ b: { c: 1 } })
  })

  it.each(['__proto__', 'constructor.prototype', 'a.__proto__', 'a.constructor.prototype', 'a.b.__proto__'])(
    'never reaches the prototype of objects by %s',
    (path) => {
      const value = JSON.parse('{"b":{},"__proto__":{}}')
      composeOverrides([entryOf('a', value), entryOf(`${path}.polluted`, 'yes', 1)])
      expect(({} as { readonly polluted?: string }).polluted).toBeUndefined()
      expect((Object as { readonly polluted?: string }).polluted).toBeUndefined()
    },
  )
})

describe('The override that decides a path', () => {
  const entries = [entryOf('a.b', 1, 1), entryOf('c', { d: 2 }, 2), entryOf('a.b', 3, 3), entryOf('l.0', 4, 4)]
  it.each<readonly [(string | number)[], string | undefined]>([
    [['a', 'b'], '3'],
    [['a', 'b', 'x'], '3'],
    [['a'], '3'],
    [['c', 'd'], '2'],
    [['l', 0], '4'],
    [['a', 'c'], undefined],
    [['x'], undefined],
  ])('is the last one at, above or below it: %j', (path, id) => {
    expect(overrideAt(entries, path)?.id).toBe(id)
  })
})

describe('A stored override', () => {
  it('is read as it was written, from where other versions put it', () => {
    const entry = entryOf('a.b', { c: [1] })
    expect(decodeOverride(encodeOverride(entry))).toMatchObject(entry)
    expect(JSON.parse(encodeOverride(entry))).toMatchObject({ schema: 1, path: ['a', 'b'] })
    expect(overrideName('7')).toBe('overrides/7')
  })

  const stored = (fields: object): string =>
    JSON.stringify({ ...JSON.parse(encodeOverride(entryOf('a', 1))), ...fields })

  it.each([
    '{',
    'null',
    '1',
    '{"schema":1}',
    stored({ schema: 2 }),
    stored({ id: 7 }),
    stored({ path: 'a' }),
    stored({ path: [] }),
    stored({ path: ['a', 1] }),
    stored({ value: undefined }),
  ])('is left out if this version does not understand it: %s', (text) => {
    expect(decodeOverride(text)).toBeUndefined()
  })
})
