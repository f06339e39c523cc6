import { describe, expect, it } from 'vitest'
import { editText } from '../../src/formats/edit/edit-text.ts'
import type { FormatName } from '../../src/formats/text-format.ts'

type Row = readonly [format: FormatName, before: string, path: string, value: unknown, after: string]

const set = (format: FormatName, text: string, path: string, value: unknown): Promise<string> =>
  editText(format, text, path === '' ? [] : path.split('.'), value)

describe('A changed text', () => {
  it.each<Row>([
    ['json', '[1, 2]', '0', 9, '[9, 2]'],
    ['json', '[1, 2]', '2', 9, '[1, 2, 9]'],
    ['json', '[]', '0', 9, '[ 9 ]'],
    ['json', '{"a": 1 , "b": 2}', 'b', 9, '{"a": 1 , "b": 9}'],
    ['jsonc', '{"a": 1 /* one */ , "b": 2}', 'b', 9, '{"a": 1 /* one */ , "b": 9}'],
    ['jsonc', '// top\n{"a": [1 // one\n, 2]}', 'a.1', 9, '// top\n{"a": [1 // one\n, 9]}'],
    ['jsonc', '/* top */ 1', '', 2, '/* top */ 2'],
  ])('has the new value alone replaced: %s %j at %j', async (format, before, path, value, after) => {
    expect(await set(format, before, path, value)).toBe(after)
  })

  it.each<Row>([
    ['json', '{}', 'a.b', 1, '{ "a": {"b":1} }'],
    ['json', '{"a":{}}', 'a.b.c', 1, '{"a":{ "b": {"c":1} }}'],
    ['json', '{"a":1}', 'b.c', 1, '{"a":1, "b": {"c":1}}'],
    ['json', '{"a":1}', 'a', { b: [1] }, '{"a":{"b":[1]}}'],
    ['json', '{}\n', 'a', 1, '{\n  "a": 1\n}\n'],
  ])('stays on one line: %s %j at %j', async (format, before, path, value, after) => {
    expect(await set(format, before, path, value)).toBe(after)
  })

  it.each<Row>([
    ['json', '{\n  "a": {}\n}', 'a.b.c', 1, '{\n  "a": {\n    "b": {\n      "c": 1\n    }\n  }\n}'],
    ['json', '{\n  "a": {},\n  "z": 1\n}', 'a.b', 1, '{\n  "a": {\n    "b": 1\n  },\n  "z": 1\n}'],
    ['json', '{\n\t"a": 1\n}', 'a', { b: 1 }, '{\n\t"a": {\n\t\t"b": 1\n\t}\n}'],
    ['json', '{\n  "a": { "b": 1 }\n}', 'a.c.d', 1, '{\n  "a": { "b": 1, "c": {"d":1} }\n}'],
    ['json', '{\n    "a": 1 }', 'b', 2, '{\n    "a": 1,\n    "b": 2 }'],
    ['jsonc', '{\n  "a": 1, // one\n}', 'b', 2, '{\n  "a": 1, // one\n  "b": 2,\n}'],
    ['jsonc', '{\n  "a": 1 /* one */\n}', 'b', 2, '{\n  "a": 1, /* one */\n  "b": 2\n}'],
  ])('is indented as the rest of it is: %s %j at %j', async (format, before, path, value, after) => {
    expect(await set(format, before, path, value)).toBe(after)
  })

  it('has no line break of another kind', async () => {
    const before = '{\r\n  "a": 1,\r\n  "b": {}\r\n}\r\n'
    const [added, below, replaced] = await Promise.all([
      set('json', before, 'c.d', { e: [1] }),
      set('json', before, 'b.c.d', 1),
      set('json', before, 'a', { d: 1 }),
    ])
    for (const text of [added, below, replaced]) expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(replaced).toBe('{\r\n  "a": {\r\n    "d": 1\r\n  },\r\n  "b": {}\r\n}\r\n')
  })

  it.each(['constructor', 'toString', 'hasOwnProperty'])(
    'may have %s for a name, and something below it',
    async (name) => {
      expect(await set('json', '{"a":1}', name, 2)).toBe(`{"a":1, "${name}": 2}`)
      expect(await set('json', '{"a":1}', `${name}.b`, 2)).toBe(`{"a":1, "${name}": {"b":2}}`)
    },
  )

  it.each<Row>([
    ['toml', 'a = "x" # old\n', 'a', 'say "hi"\u007f', 'a = "say \\"hi\\"\\u007f" # old\n'],
    ['toml', "a = '''x\ny''' # old\n", 'a', false, 'a = false # old\n'],
    ['toml', 'a = 1979-05-27 07:32:00Z # old\n', 'a', 1.5, 'a = 1.5 # old\n'],
    ['toml', 'a = [1, 2]\n', 'a.1', 9, 'a = [1, 9]\n'],
    ['yaml', 'a: [x, y] # two\n', 'a.1', 'p]', 'a: [x, "p]"] # two\n'],
    ['yaml', 'a: x # one\n', 'a', 'p, q', 'a: p, q # one\n'],
    ['yaml', 'a: x # one\n', 'a', [1], 'a:\n  - 1\n'],
    ['yaml', 'a: |\n  x\nb: 1\n', 'a', 'y', 'a: |-\n  y\nb: 1\n'],
  ])('keeps what the format has around it: %s %j at %j', async (format, before, path, value, after) => {
    expect(await set(format, before, path, value)).toBe(after)
  })

  it.each<readonly [FormatName, string, string, unknown, string]>([
    ['json', '[1]', '2', 9, 'the list has no such place'],
    ['json', '[1]', '-1', 9, 'the list has no such place'],
    ['json', '[1]', '0.5', 9, 'holds no others'],
    ['json', '[1]', 'x', 9, 'the list has no such place'],
    ['json', '{"a":1}', 'a.b', 9, 'holds no others'],
    ['json', '{"a":null}', 'a.b', 9, 'holds no others'],
    ['json', '{"a":', 'a', 9, 'does not parse'],
    ['toml', 'a = 1\n', 'b', 9, 'only a value that is there'],
    ['toml', 'a = 1\n', 'a', null, 'only a text, a number'],
    ['toml', 'a = [1]\n', 'a', 9, 'no table and no list'],
  ])('does not come out of %s %j at %j, and the reason is said', async (format, before, path, value, reason) => {
    const refused = await set(format, before, path, value).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'command.edit-unsupported', message: expect.stringContaining(reason) })
  })
})
