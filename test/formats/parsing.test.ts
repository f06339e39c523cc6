import { describe, expect, it } from 'vitest'
import { loadFormat } from '../../src/formats/load-format.ts'
import type { FormatName, ParsedText } from '../../src/formats/text-format.ts'

const parse = async (name: FormatName, text: string): Promise<ParsedText> => (await loadFormat(name)).parse(text)

const SECRET = 'hunter2'

describe('Each format', () => {
  it.each<[FormatName, string]>([
    ['json', '{ "db": { "max": 5, "on": true, "none": null, "rate": 0.1 }, "hosts": ["a", "b"] }'],
    [
      'jsonc',
      '{ // a comment\n "db": { "max": 5, "on": true, "none": null, "rate": 0.1, }, /* b */ "hosts": ["a", "b",] }',
    ],
    ['yaml', 'db:\n  max: 5\n  on: true\n  none: null\n  rate: 0.1\nhosts: [a, b] # c\n'],
  ])('makes plain data: %s', async (name, text) => {
    const value = { db: { max: 5, on: true, none: null, rate: 0.1 }, hosts: ['a', 'b'] }
    expect(await parse(name, text)).toMatchObject({ kind: 'parsed', value })
  })

  it.each<[FormatName, string, string, { line: number; column: number } | undefined]>([
    ['json', '{"a":1,\n"a":2}', 'document.duplicate-key', { line: 2, column: 1 }],
    ['jsonc', '{"a":1,\n"a":2}', 'document.duplicate-key', { line: 2, column: 1 }],
    ['jsonc', '{"a":{"b":1,"\\u0062":2}}', 'document.duplicate-key', { line: 1, column: 13 }],
    ['yaml', 'a: 1\nb: 1\na: 2\n', 'document.duplicate-key', { line: 3, column: 1 }],
    ['yaml', '1: a\n"1": b\n', 'document.duplicate-key', { line: 2, column: 1 }],
    ['toml', 'a = 1\na = 2\n', 'document.malformed', { line: 2, column: 1 }],
    ['json', '{"x":{"__proto__":1}}', 'document.forbidden-key', { line: 1, column: 7 }],
    ['jsonc', '{"x":\n{"__proto__":1}}', 'document.forbidden-key', { line: 2, column: 2 }],
    ['yaml', 'x:\n  __proto__: 1\n', 'document.forbidden-key', { line: 2, column: 3 }],
    ['toml', '[x]\n__proto__ = 1\n', 'document.forbidden-key', undefined],
    ['jsonc', '{"n":\n 9007199254740993}', 'document.number-precision', { line: 2, column: 2 }],
    ['jsonc', '{"n": 1e400}', 'document.number-precision', { line: 1, column: 7 }],
    ['yaml', 'n: 9007199254740993', 'document.number-precision', { line: 1, column: 4 }],
    ['yaml', 'n: 0.12345678901234567890123', 'document.number-precision', { line: 1, column: 4 }],
    ['yaml', 'n: 0x20000000000001', 'document.number-precision', { line: 1, column: 4 }],
    ['yaml', 'n: 1e400', 'document.number-precision', { line: 1, column: 4 }],
    ['toml', 'a = 1\nn = 9007199254740993', 'document.number-precision', { line: 2, column: 5 }],
    ['toml', 'n = 0.12345678901234567890123', 'document.number-precision', { line: 1, column: 5 }],
    ['toml', 'n = 1e400', 'document.number-precision', { line: 1, column: 5 }],
    ['yaml', 'n: .inf', 'document.not-in-json', { line: 1, column: 4 }],
    ['yaml', 'n: .nan', 'document.not-in-json', { line: 1, column: 4 }],
    ['toml', 'n = inf', 'document.not-in-json', { line: 1, column: 5 }],
    ['toml', 'n = nan', 'document.not-in-json', { line: 1, column: 5 }],
    ['yaml', 'a: &x [1]\nb: !!binary aGk=\n', 'document.not-in-json', { line: 2, column: 13 }],
    ['yaml', 'a: !mine 1\n', 'document.malformed', { line: 1, column: 4 }],
    ['yaml', 'a: !!set {b, c}\n', 'document.not-in-json', { line: 1, column: 10 }],
    ['yaml', 'a: 1\n---\nb: 2\n', 'document.malformed', { line: 2, column: 1 }],
    ['yaml', '%YAML 1.1\n---\na: yes\n', 'document.malformed', { line: 1, column: 1 }],
    ['yaml', 'x: &x { a: 1 }\ny:\n  <<: *x\n', 'document.not-in-json', { line: 3, column: 3 }],
    ['yaml', 'a: *nothing\n', 'document.malformed', { line: 1, column: 4 }],
    ['yaml', '? [a]\n: 1\n', 'document.not-in-json', { line: 1, column: 3 }],
    ['yaml', 'null: 1\n', 'document.not-in-json', { line: 1, column: 1 }],
    ['yaml', 'a: &a [*a]\n', 'document.malformed', { line: 1, column: 8 }],
    ['yaml', `a: [1\nb: ${SECRET}`, 'document.malformed', { line: 2, column: 1 }],
    ['yaml', `a:\n\t- ${SECRET}`, 'document.malformed', { line: 2, column: 1 }],
    ['jsonc', `{"a": ${SECRET}}`, 'document.malformed', { line: 1, column: 7 }],
    ['jsonc', '{"a": 1', 'document.malformed', { line: 1, column: 8 }],
    ['toml', `a = 1\nb = ${SECRET}`, 'document.malformed', { line: 2, column: 5 }],
    ['json', '{"a" 1}', 'document.malformed', { line: 1, column: 6 }],
    ['yaml', '# nothing\n', 'document.empty', undefined],
    ['jsonc', '// nothing\n', 'document.malformed', undefined],
    ['toml', '  \n', 'document.empty', undefined],
  ])('refuses, of %s: %j', async (name, text, code, position) => {
    const found = await parse(name, text)
    expect(found).toMatchObject({ kind: 'malformed', code })
    if (found.kind === 'malformed' && position !== undefined) expect(found.place.position).toEqual(position)
    const { cause: _, ...shown } = found as { cause?: unknown }
    expect(JSON.stringify(shown)).not.toContain(SECRET)
  })

  it.each<[FormatName, (depth: number) => string]>([
    ['json', (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`],
    ['jsonc', (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`],
    ['yaml', (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`],
    ['toml', (depth) => `a = ${'['.repeat(depth)}${']'.repeat(depth)}`],
  ])('refuses what is too deep, however deep: %s', async (name, text) => {
    for (const depth of [102, 20_000]) {
      const found = await parse(name, text(depth))
      expect(found.kind).toBe('malformed')
      if (depth === 102) expect(found).toMatchObject({ code: 'document.too-deep' })
    }
  })

  it.each<FormatName>(['jsonc', 'yaml'])('says where a text becomes too deep: %s', async (name) => {
    const position = async (depth: number) => {
      const found = await parse(name, `{"a": 1,\n"b": ${'['.repeat(depth)}${']'.repeat(depth)}}`)
      return found.kind === 'malformed' ? found.place.position : undefined
    }
    expect(await position(98)).toBeUndefined()
    const deepest = await position(102)
    expect(deepest?.line).toBe(2)
    expect(await position(110)).toEqual(deepest)
  })

  it.each<[string, readonly (string | number)[] | undefined]>([
    ['{"db":{"a":1,"a":2}}', ['db', 'a']],
    ['{"db":[0,{"n":9007199254740993}]}', ['db', 1, 'n']],
    ['{"x":{"__proto__":1}}', ['x']],
    ['{"a" 1}', undefined],
  ])('names the path of a fault of JSON, if it has one: %s', async (text, path) => {
    const found = await parse('json', text)
    expect(found.kind === 'malformed' && found.place.path).toEqual(path)
    expect('path' in (found.kind === 'malformed' ? found.place : {})).toBe(path !== undefined)
  })
})

describe('YAML', () => {
  it('keeps texts that another version would take for something else', async () => {
    const text = 'a: yes\nb: no\nc: on\nd: 2026-01-01\ne: 2026-01-01T10:00:00Z\nf: 1_000\ng: 0o17\nh: 12:30\n'
    const value = {
      a: 'yes',
      b: 'no',
      c: 'on',
      d: '2026-01-01',
      e: '2026-01-01T10:00:00Z',
      f: '1_000',
      g: 15,
      h: '12:30',
    }
    expect(await parse('yaml', text)).toEqual({ kind: 'parsed', value })
  })

  it('takes keys that are numbers or booleans as they are written', async () => {
    expect(await parse('yaml', '1: a\n02: b\ntrue: c\n1.50: d\n')).toEqual({
      kind: 'parsed',
      value: { '1': 'a', '02': 'b', true: 'c', '1.50': 'd' },
    })
  })

  it('resolves aliases, and refuses more values than a document may have', async () => {
    expect(await parse('yaml', 'a: &x { b: [1] }\nc: *x\n')).toEqual({
      kind: 'parsed',
      value: { a: { b: [1] }, c: { b: [1] } },
    })
    const lines = ['a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]']
    for (let n = 1; n < 12; n++)
      lines.push(
        `a${n}: &a${n} [${Array(10)
          .fill(`*a${n - 1}`)
          .join(', ')}]`,
      )
    expect(await parse('yaml', lines.join('\n'))).toMatchObject({ kind: 'malformed', code: 'document.too-large' })
  })

  it('takes a value that is left out for null, and text over several lines', async () => {
    expect(await parse('yaml', 'a:\nb: |\n  x\n  y\nc: >-\n  x\n  y\n')).toEqual({
      kind: 'parsed',
      value: { a: null, b: 'x\ny\n', c: 'x y' },
    })
  })
})

describe('TOML', () => {
  it('makes ISO texts of dates and times', async () => {
    const text = 'a = 2026-01-01\nb = 10:00:00\nc = 2026-01-01T10:00:00\nd = 2026-01-01T10:00:00Z\n'
    expect(await parse('toml', text)).toEqual({
      kind: 'parsed',
      value: { a: '2026-01-01', b: '10:00:00.000', c: '2026-01-01T10:00:00.000', d: '2026-01-01T10:00:00.000Z' },
    })
  })

  it('makes numbers of every notation', async () => {
    const text = 'a = 1_000\nb = 0xff\nc = +1.5\nd = 6.25e-2\ne = -0\nf = 0b11\n'
    expect(await parse('toml', text)).toEqual({
      kind: 'parsed',
      value: { a: 1000, b: 255, c: 1.5, d: 0.0625, e: 0, f: 3 },
    })
  })

  it('makes tables, lists of tables and dotted keys', async () => {
    const text = 'x.y = 1\n[a.b]\nc = 1\n[[d]]\ne = 1\n[[d]]\ne = 2\n[d.f]\ng = { h = [1, 2], "i.j" = 3 }\n'
    expect(await parse('toml', text)).toEqual({
      kind: 'parsed',
      value: { x: { y: 1 }, a: { b: { c: 1 } }, d: [{ e: 1 }, { e: 2, f: { g: { h: [1, 2], 'i.j': 3 } } }] },
    })
  })
})

describe('A format whose package', () => {
  const missing = Object.assign(new Error('hunter2'), { code: 'ERR_MODULE_NOT_FOUND' })
  it.each([
    ['yaml', 'is not installed', () => Promise.reject(missing), 'npm install yaml@2'],
    ['jsonc', 'is not installed', () => Promise.reject(missing), 'npm install jsonc-parser@3'],
    ['toml', 'is not installed', () => Promise.reject(missing), 'npm install smol-toml@1'],
    ['yaml', 'is too old', async () => ({ parseDocument: () => undefined }), 'npm install yaml@2'],
    ['toml', 'is too old', async () => ({ parse: () => ({ a: 1 }), TomlDate: Date }), 'npm install smol-toml@1'],
    ['jsonc', 'has nothing in it', async () => ({}), 'npm install jsonc-parser@3'],
    ['yaml', 'throws', () => Promise.reject(new Error('hunter2')), 'npm install yaml@2'],
  ] as const)('(%s) %s is refused with the command that installs it', async (name, _what, peerOf, command) => {
    const error: unknown = await loadFormat(name, peerOf).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'document.format-missing' })
    expect(String(error)).toContain(command)
    expect(String(error)).not.toContain('hunter2')
  })

  it.each(['yaml', 'jsonc', 'toml'] as const)(
    '(%s) has its functions in `default` only is taken all the same',
    async (name) => {
      const imported = {
        yaml: () => import('yaml'),
        jsonc: () => import('jsonc-parser'),
        toml: () => import('smol-toml'),
      }
      const format = await loadFormat(name, async () => ({ default: await imported[name]() }))
      expect(format.parse(name === 'toml' ? 'a = 1' : '{ "a": 1 }')).toEqual({ kind: 'parsed', value: { a: 1 } })
    },
  )
})
