import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { findJsonError } from '../../src/model/json/json-error.ts'
import { formPrefixDocument } from '../../src/sources/etcd/prefix-document.ts'
import { isJson } from '../model/random-json.ts'
import { createRandom } from '../support/random.ts'
import { failuresOf } from './refusals.ts'
import { Config, expectHidden, SECRET } from './service.ts'

describe('A text that is not JSON', () => {
  it.each([
    ['a comma before a brace', `{\n  "db": "${SECRET}",\n}`, 'line 3, column 1: expected another key'],
    ['a comma before a bracket', '{"list":[1,\n]}', 'line 2, column 1: expected another item'],
    ['a missing comma', `{"db":"${SECRET}"\n "log":1}`, 'line 2, column 2: expected a comma or a closing brace'],
    ['a missing colon', '{"db" 1}', 'line 1, column 7: expected a colon after the key'],
    ['a bare key', `{${SECRET}:1}`, 'line 1, column 2: expected a key in double quotes'],
    ['a bare word', `{"db":\r\n${SECRET}}`, 'line 2, column 1: expected a value'],
    ['a string without an end', `{"db":"${SECRET}`, 'line 1, column 7: expected the end of the string that begins'],
    [
      'a line break in a string',
      `{"db":"x\n${SECRET}"}`,
      'line 1, column 9: expected the end of the string: a control',
    ],
    ['an unknown escape', `{"db":"\\x${SECRET}"}`, 'line 1, column 8: expected an escape that JSON knows'],
    ['a number with a leading zero', '{"db":01}', 'line 1, column 8: expected a comma or a closing brace'],
    ['half of a document', '{"db":{"max":1', 'line 1, column 15: expected a comma or a closing brace'],
    ['text after its end', `{}\n\n${SECRET}`, 'line 3, column 1: expected the end of the document'],
    ['a comment', `// ${SECRET}\n{}`, 'line 1, column 1: expected a value'],
  ])('is refused with line and column: %s', async (_, text, detail) => {
    const [first] = await failuresOf(Config, text)
    expect(first).toMatchObject({ code: 'document.malformed', detail: expect.stringContaining(detail) })
    expectHidden(first)
  })

  it('is found to be none exactly if JSON.parse throws', () => {
    const { below, pick } = createRandom(15)
    const parts = ['{', '}', '[', ']', ',', ':', '"', '"a"', '1', '-', '0', 'true', ' ', '\\', 'e', '.', '\\u00', '\n']
    for (let round = 0; round < 50_000; round++) {
      const text = Array.from({ length: below(9) }, () => pick(parts)).join('')
      const error = findJsonError(text)
      expect([error === undefined, text]).toEqual([isJson(text), text])
      expect(error?.offset ?? 0).toBeLessThanOrEqual(text.length)
    }
  })
})

describe('The error of a parser of the user', () => {
  const parses = (error: unknown) => () => {
    throw error
  }
  const text = `a: 1\nb:\n  c: [${SECRET}\n`
  it.each<[string, (text: string) => unknown, string | undefined]>([
    [
      'yaml',
      (given) => parseYaml(given),
      'line 4, column 1: expected another indentation, or the end of a list or object in brackets',
    ],
    ['js-yaml', parses(Object.assign(new Error(SECRET), { mark: { line: 1, column: 2 } })), 'line 2, column 3'],
    ['TOML', parses(Object.assign(new Error(SECRET), { line: 2, column: 1 })), 'line 2, column 1'],
    ['json5', parses(Object.assign(new SyntaxError(SECRET), { lineNumber: 3, columnNumber: 2 })), 'line 3, column 2'],
    ['an offset', parses(Object.assign(new Error(SECRET), { offset: 5 })), 'line 2, column 1'],
    ['a cause', parses(new Error(SECRET, { cause: { line: 1, column: 1 } })), 'line 1, column 1'],
    ['JSON.parse', (given) => JSON.parse(given), 'line 1, column 1'],
    ['a line that does not exist', parses({ line: 4_711, column: 1 }), undefined],
    ['a line that is text', parses({ line: SECRET, column: SECRET }), undefined],
    ['a column that does not exist', parses({ line: 2, column: 4_711 }), 'line 2'],
  ])('gives line and column if it has them: %s', async (_, parse, detail) => {
    const [first] = await failuresOf(Config, text, { parse })
    expect(first?.code).toBe('document.malformed')
    expect(first?.detail).toBe(detail)
    expectHidden(first)
    expect(JSON.stringify(first)).not.toContain('4711')
  })
})

describe('A YAML document', () => {
  it.each<[string, string, string]>([
    ['a tab', `db:\n\tpassword: ${SECRET}`, 'line 2, column 1: expected spaces instead of tabs'],
    [
      'an object on the line of a key',
      `db: password: ${SECRET}`,
      'line 1, column 5: expected a line of its own for an object within an object',
    ],
    [
      'an open quote',
      `db: "${SECRET}`,
      `line 1, column ${6 + SECRET.length}: expected a quote, a bracket, a colon or a comma`,
    ],
    ['a list and a key', `- ${SECRET}\nb: 1`, 'line 2, column 1: expected something else here'],
    ['two anchors', `a: &x &y ${SECRET}`, 'line 1, column 7: expected one anchor'],
    ['an unknown escape', `a: "\\q ${SECRET}"`, 'line 1, column 5: expected an escape that YAML knows'],
    ['two documents', `a: ${SECRET}\n---\nb: 2`, 'line 2, column 1: expected one document'],
    [
      'a reserved character',
      `a: @${SECRET}`,
      'line 1, column 4: expected quotes around a text that begins with this character',
    ],
    ['an unknown alias', `a: 1\nb: *${SECRET}`, 'line 2, column 4: expected an alias of an anchor before it'],
    ['a bracket too many', `{a: ${SECRET}}}`, `line 1, column ${6 + SECRET.length}: expected something else here`],
  ])('is refused with position and rule: %s', async (_, text, detail) => {
    const [first] = await failuresOf(Config, text, { parse: (given) => parseYaml(given) })
    expect(first).toMatchObject({ code: 'document.malformed', detail })
    expectHidden(first)
  })

  it('with a key that is there twice is refused with its position', async () => {
    const text = `db:\n  password: ${SECRET}\n  password: ${SECRET}`
    const [first] = await failuresOf(Config, text, { parse: (given) => parseYaml(given) })
    expect(first).toMatchObject({
      code: 'document.malformed',
      detail: 'line 3, column 3: expected a key that the object does not have yet',
    })
    expectHidden(first)
  })
})

describe('A document with a forbidden shape', () => {
  it.each([
    ['a duplicate key', '{"db":{\n"max":1,\n"max":2}}', 'db', 'key "max", line 3, column 1'],
    ['a duplicate key that may be data', `{"${SECRET}":1,"${SECRET}":2}`, '(root)', 'key *, line 1, column 22'],
    ['a duplicate key in a record', `{"limits":{"${SECRET}":1,\n"${SECRET}":2}}`, 'limits', 'key *, line 2, column 1'],
    ['__proto__', '{"list":[{},\n{"__proto__":1}]}', 'list.1', 'line 2, column 2'],
    ['__proto__ with escapes', '{"list":[{"\\u005f_proto__":1}]}', 'list.0', 'line 1, column 11'],
    ['101 levels', `\n${'['.repeat(101)}${']'.repeat(101)}`, `${'0.'.repeat(16)}…`, 'line 2, column 101'],
  ])('is refused with path and position: %s', async (_, text, path, detail) => {
    const [first] = await failuresOf(Config, text)
    expect(first).toMatchObject({ path, detail })
    expectHidden(first)
  })

  it('is refused with the position of a key in YAML', async () => {
    const [first] = await failuresOf(Config, 'db:\n  max: 1\n  __proto__: 1\n', { parse: (text) => parseYaml(text) })
    expect(first).toMatchObject({ code: 'document.forbidden-key', path: 'db', detail: 'line 3, column 3' })
  })
})

describe('A value below an etcd prefix that is not JSON', () => {
  it('is named with line and column of its own', () => {
    const entry = (key: string, value: string, index: number) => ({
      key: Buffer.from(key),
      value: Buffer.from(value),
      index,
      revision: '1',
    })
    const formed = formPrefixDocument([entry('a', '1', 1), entry('b', `{\n  "x": ${SECRET}}`, 2)], 'json', 2)
    expect(formed).toMatchObject({ code: 'document.bad-value', entry: { index: 2, position: { line: 2, column: 8 } } })
  })
})
