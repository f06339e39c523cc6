import fc from 'fast-check'
import { stringify as stringifyToml } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { stringify as stringifyYaml } from 'yaml'
import { loadFormat } from '../../src/formats/load-format.ts'
import type { FormatName } from '../../src/formats/text-format.ts'
import type { Path } from '../../src/model/data/not-plain.ts'
import { lineColumnOf } from '../../src/model/data/number-literal.ts'

const leavesOf = (value: unknown, path: Path = []): readonly (readonly [Path, unknown])[] => {
  if (typeof value !== 'object' || value === null) return [[path, value]]
  return Object.entries(value).flatMap(([key, member]) =>
    leavesOf(member, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

const keys = fc.oneof(
  fc.constantFrom('a', 'b-c', 'd.e', 'with space', 'q"uote', "apo'strophe", 'é', '1', 'x=y', '#k', '[t]'),
  fc.stringMatching(/^[a-z]{1,6}$/),
)
const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.boolean(),
    fc.string({ maxLength: 8 }),
    fc.array(tie('object'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
})).object

/** Each leaf is marked, so that the text at its position tells whether it is the right one. */
const marked = (value: unknown): unknown => {
  let count = 0
  const mark = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(mark)
    if (typeof part !== 'object' || part === null) return `m${++count}m`
    return Object.fromEntries(Object.entries(part).map(([key, member]) => [key, mark(member)]))
  }
  return mark(value)
}

const writers: Readonly<Record<FormatName, (value: object) => string>> = {
  json: (value) => JSON.stringify(value, null, 2),
  jsonc: (value) => `// comment "a"\n${JSON.stringify(value, null, 1)}`,
  yaml: (value) => stringifyYaml(value),
  toml: (value) => stringifyToml(value as never),
}

describe('The index of a text', () => {
  it.each(['json', 'jsonc', 'yaml', 'toml'] as const)('finds each leaf of any document: %s', async (name) => {
    const format = await loadFormat(name)
    fc.assert(
      fc.property(tree, (generated) => {
        const value = marked(generated) as object
        const text = writers[name](value)
        const index = format.index(text)
        for (const [path, leaf] of leavesOf(value)) {
          const offset = index.offsetOf(path)
          if (offset === undefined) throw new Error(`no offset for ${JSON.stringify(path)} in ${text}`)
          expect(text.slice(offset, offset + 12).replace(/^["']/, '')).toMatch(new RegExp(`^${String(leaf)}`))
          expect(index.positionOf(path)).toEqual(lineColumnOf(text, offset))
        }
      }),
      { numRuns: 300, seed: 18 },
    )
  })

  it.each<[FormatName, string, Path, [number, number]]>([
    ['toml', 'a = 1\r\n[b.c] # "x" = 1\r\n"d.e" = """\r\n[no]\r\nf = 1"""\r\ng = 2', ['b', 'c', 'g'], [6, 5]],
    ['toml', "a = '''x''''\nb = [ # [\n 1, # ]\n 2,\n]\nc = 3", ['b', 1], [4, 2]],
    ['toml', "a = '''x''''\nb = [1]\nc = 3", ['c'], [3, 5]],
    ['toml', '[[a]]\nb = 1\n[[a]]\nb = 2\n[[a.c]]\nd = 3', ['a', 1, 'c', 0, 'd'], [6, 5]],
    ['toml', 'a . "b" . c = 1979-05-27 07:32:00 # c\nd = 1', ['d'], [2, 5]],
    ['toml', 'a = { b = { c = "}" }, d = 1 }', ['a', 'd'], [1, 28]],
    ['toml', '"\\u0061\\U0001F600" = 1', ['a😀'], [1, 22]],
    ['yaml', 'a: &x\n  b: 1\nc: *x\n', ['c', 'b'], [2, 6]],
    ['yaml', '- a\n- b:\n    c: |\n      text\n', [1, 'b', 'c'], [3, 8]],
    ['yaml', 'a:\nb: 1\n', ['a'], [1, 3]],
    ['yaml', '1: a\n', ['1'], [1, 4]],
    ['json', '{"a\\"b":[{"c":1},\n2]}', ['a"b', 1], [2, 1]],
    ['jsonc', '{/* "a": 2 */"a":1,}', ['a'], [1, 18]],
  ])('finds a place in %s: %j %j', async (name, text, path, [line, column]) => {
    expect((await loadFormat(name)).index(text).positionOf(path)).toEqual({ line, column })
  })

  it.each(['json', 'jsonc', 'yaml', 'toml'] as const)(
    'has nothing for a path that is not there, and for no %s',
    async (name) => {
      const format = await loadFormat(name)
      const index = format.index(writers[name]({ a: { b: 1 } }))
      for (const path of [['c'], ['a', 'c'], ['a', 'b', 'c'], ['a', 0]]) expect(index.positionOf(path)).toBeUndefined()
      for (const text of ['{', '[', '"', 'a = """', '{"a":{"b"', '\0', '[[', 'a: [', '']) {
        expect(() => format.index(text).positionOf(['a', 'b'])).not.toThrow()
      }
    },
  )
})
