import { parse as parseYaml } from 'yaml'
import { createReloader, isChangeoverError, type Schema } from 'changeover'
import { memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { formPrefixDocument, type ValueFormat } from '../../src/sources/etcd/prefix-document.ts'

const Config = z.object({
  max: z.number().optional(),
  limits: z.looseObject({}).optional(),
  id: z.unknown().optional(),
})
const Coerced = z.object({ max: z.coerce.number(), list: z.array(z.object({ n: z.coerce.number() })).optional() })

interface Options {
  readonly schema?: Schema<object>
  readonly parse?: (text: string) => unknown
}

/** Starts with the document; returns the config, or what the failure shows. */
const read = async (document: string, { schema = Config, ...options }: Options = {}): Promise<unknown> => {
  const reloader = createReloader({ source: memorySource(document), schema, ...options })
  try {
    await reloader.start()
    return reloader.config
  } catch (error) {
    if (!isChangeoverError(error)) throw error
    const [failure] = error.failures
    // Not a digit of the number is shown, wherever.
    expect(JSON.stringify([error.message, failure])).not.toMatch(/9007|1e400|3\.14|99274/)
    return { code: failure?.code, path: failure?.path, detail: failure?.detail }
  } finally {
    await reloader.close()
  }
}

const refused = (path: string, detail?: unknown) => ({ code: 'document.number-precision', path, detail })

describe('A number that does not survive parsing', () => {
  it.each([
    ['an integer above 2^53', '{"max":9007199254740993}', 'max', 'line 1, column 8'],
    [
      'an integer in an array of objects',
      '{\n  "limits": {"a": [1, {"b": -9007199254740993}]}\n}',
      'limits.*.1.*',
      'line 2, column 29',
    ],
    ['a huge exponent', '{"limits":{},\n"max":1e400}', 'max', 'line 2, column 7'],
    ['a tiny exponent', '{"max": 1e-400}', 'max', 'line 1, column 9'],
    ['more digits than a double keeps', '{"max":3.141592653589793238}', 'max', 'line 1, column 8'],
    ['a key that follows escapes', '{"limits":{"\\"":"\\\\"},"max":9007199254740993}', 'max', 'line 1, column 29'],
    ['a member that the schema drops', '{"max":1,"other":9007199254740993}', '*', 'line 1, column 18'],
  ])('is refused in JSON, with path and position: %s', async (_, document, path, position) => {
    expect(await read(document)).toEqual(refused(path, position))
  })

  it.each([
    ['an integer', 'id: x\nmax: 9007199254740993\n', 'max', 'line 2, column 6'],
    ['an integer with a sign', 'max: -9007199254740993', 'max', 'line 1, column 7'],
    ['an overflow', 'max: 1e400', 'max', 'line 1, column 6'],
    ['an underflow', 'max: 1e-400', 'max', 'line 1, column 6'],
    ['a long fraction', 'max: 3.141592653589793238 # pi', 'max', 'line 1, column 6'],
    ['an integer in base 16', 'max: 0x20000000000001', 'max', 'line 1, column 6'],
    ['an integer in base 8', 'max: 0o400000000000000001', 'max', 'line 1, column 6'],
    ['an alias of an integer', 'limits: { a: &a 9007199254740993 }\nmax: *a', 'limits.*', 'line 1, column 17'],
    ['flow style', 'limits: {a: [9007199254740993]}', 'limits.*.0', 'line 1, column 14'],
  ])('is refused in YAML, with path and position: %s', async (_, document, path, position) => {
    expect(await read(document, { parse: parseYaml })).toEqual(refused(path, position))
  })

  it('is refused although a comment has the rounded number too, which would hide it', async () => {
    const document = 'max: 9007199254740993 # was 9007199254740992'
    expect(await read(document, { parse: parseYaml })).toEqual(refused('max', 'line 1, column 6'))
  })

  it('is refused without a position if a parser makes a large integer of something else', async () => {
    const parse = (text: string) => ({ max: Number(text.trim().replaceAll("'", '')) })
    expect(await read("9'007'199'254'740'993", { parse })).toEqual(refused('max'))
  })

  it('is refused in TOML, where digits are grouped by underscores', async () => {
    const parse = (text: string) => ({ max: Number(text.split('=')[1]?.replaceAll('_', '')) })
    expect(await read('max = 9_007_199_254_740_993', { parse })).toEqual(refused('max', 'line 1, column 7'))
    expect(await read('max = 9_007_199_254_740_992', { parse })).toEqual({ max: 9007199254740992 })
  })

  it.each([
    ['a prefix of etcd keys', '{"max":"9007199254740993"}', 'max', 'line 1, column 9'],
    ['white space around it', '{"max":" 9007199254740993 "}', 'max', 'line 1, column 10'],
    ['an escape in it', '{"max":"90\\u00307199254740993"}', 'max', undefined],
    ['base 16', '{"max":"0x20000000000001"}', 'max', 'line 1, column 9'],
    [
      'a fraction below others',
      '{"max":1,"list":[{"n":"1"},{"n":"3.141592653589793238"}]}',
      'list.1.n',
      'line 1, column 34',
    ],
    ['an underflow', '{"max":"1e-400"}', 'max', 'line 1, column 9'],
  ])('is refused if the schema converts a string to it: %s', async (_, document, path, position) => {
    expect(await read(document, { schema: Coerced })).toEqual(refused(path, position))
  })

  it('is refused if the schema converts a string of YAML', async () => {
    const document = 'max: "9007199254740993"'
    expect(await read(document, { schema: Coerced, parse: parseYaml })).toEqual(refused('max', 'line 1, column 7'))
  })

  it.each([
    { values: 'json', schema: Config, path: 'max' },
    { values: 'text', schema: Coerced, path: 'max' },
  ] as const)(
    'is refused in the keys of a prefix, read as $values, with the path that the key is',
    async ({ values, schema, path }) => {
      const entry = (index: number, key: string, value: string) => ({
        key: Buffer.from(key),
        value: Buffer.from(value),
        index,
        revision: '1',
      })
      const formed = (max: string, format: ValueFormat): string => {
        const document = formPrefixDocument([entry(1, 'limits/a', '1'), entry(2, 'max', max)], format, 2)
        if (document.kind !== 'document') throw new Error(document.kind)
        return document.content
      }
      expect(await read(formed('9007199254740993', values), { schema })).toMatchObject(
        refused(path, expect.any(String)),
      )
      expect(await read(formed('9007199254740992', values), { schema })).toMatchObject({ max: 9007199254740992 })
    },
  )

  it('is refused as a change, while the number that it would become serves', async () => {
    const source = memorySource('{"max":9007199254740992}')
    const reloader = createReloader({ source, schema: Config })
    await reloader.start()
    source.put('{"max":9007199254740993}')
    expect(await reloader.reload()).toMatchObject({
      outcome: 'rejected',
      failures: [refused('max', 'line 1, column 8')],
    })
    expect(await reloader.plan('{"max":9007199254740993}')).toMatchObject({ verdict: 'rejected' })
    expect(reloader.config).toEqual({ max: 9007199254740992 })
    await reloader.close()
  })
})

describe('A number that survives parsing', () => {
  it.each(['9007199254740992', '1.0', '1e3', '0.30000000000000004', '1e21', '5e-324', '100.000000000000000000'])(
    'is accepted in JSON, YAML and as a string that the schema converts: %s',
    async (literal) => {
      const expected = { max: Number(literal) }
      expect(await read(`{"max":${literal}}`)).toEqual(expected)
      expect(await read(`max: ${literal}`, { parse: parseYaml })).toEqual(expected)
      expect(await read(`{"max":"${literal}"}`, { schema: Coerced })).toEqual(expected)
    },
  )

  it('is 0 if -0 is written, so that what serves does not depend on what served before', async () => {
    const source = memorySource('{"max":-0}')
    const reloader = createReloader({ source, schema: Config })
    await reloader.start()
    expect(Object.is(reloader.config.max, 0)).toBe(true)
    source.put('{"max":0}')
    expect(await reloader.reload()).toMatchObject({ outcome: 'unchanged' })
    await reloader.close()
  })
})

describe('A big integer', () => {
  const text = '9007199254740993'

  it('is a string, which the schema may convert to a bigint', async () => {
    const schema = z.object({ id: z.string().regex(/^\d+$/).transform(BigInt) })
    expect(await read(`{"id":"${text}"}`, { schema })).toEqual({ id: 9007199254740993n })
    expect(await read(`id: "${text}"`, { schema, parse: parseYaml })).toEqual({ id: 9007199254740993n })
    expect(await read(`{"id":"${text}"}`)).toEqual({ id: text })
  })

  it('may be what a parser makes of a number', async () => {
    const parse = (yaml: string): unknown => parseYaml(yaml, { intAsBigInt: true })
    expect(await read(`id: ${text}`, { parse })).toEqual({ id: 9007199254740993n })
  })

  it('may stand in a comment, a key or a text', async () => {
    const document = `# ${text}\n${text}: 1\nmax: 3 # ${text}\nid: v1.${text}`
    expect(await read(document, { parse: parseYaml })).toEqual({ max: 3, id: `v1.${text}` })
  })
})
