import { createReloader, type ReloaderOptions, type Source } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { isSameJson } from '../../src/validation/same-json.ts'
import { randomJson } from '../model/random-json.ts'
import { createRandom, type Random } from '../support/random.ts'

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g

/** Puts blanks between the tokens of a JSON text, in other places each time. */
const respaced = (text: string, { times, pick }: Random): string => {
  const blanks = (): string => times(2, () => pick([' ', '\n', '\t', '\r'])).join('')
  return blanks() + (text.match(TOKENS) ?? []).map((token) => token + blanks()).join('')
}

test('Texts with other blanks between their tokens are the same', () => {
  const random = createRandom(5)
  for (let run = 0; run < 3_000; run++) {
    const text = JSON.stringify(randomJson(random))
    const [one, other] = [respaced(text, random), respaced(text, random) + ' '.repeat(9_000)]
    expect([text, one, other, isSameJson(one, other), isSameJson(other, one)]).toEqual([text, one, other, true, true])
  }
})

test('Texts that differ in anything else are never the same, be they valid or not', () => {
  const random = createRandom(6)
  let same = 0
  for (let run = 0; run < 30_000; run++) {
    const text = respaced(JSON.stringify(randomJson(random)), random)
    const at = random.below(text.length + 1)
    const added = random.pick(['', ' ', '  ', '"', '\\', '1', '-', '.', 'e', ',', '{', ']', '\u00A0', '\uFEFF'])
    const other = text.slice(0, at) + added + text.slice(at + random.below(3))
    const isSame = isSameJson(other, text)
    expect(isSameJson(text, other)).toBe(isSame)
    if (!isSame) continue
    same += 1
    expect(JSON.stringify(JSON.parse(other)), `${other} for ${text}`).toBe(JSON.stringify(JSON.parse(text)))
  }
  expect(same).toBeGreaterThan(1_000)
})

test.each([
  ['[12]', '[1 2]'],
  ['[1,-2]', '[1,- 2]'],
  ['[1e5]', '[1 e5]'],
  ['[1E5]', '[1 E5]'],
  ['"\\" x \\" y"', '"\\"  x \\" y"'],
  ['[1.5]', '[1\n.5]'],
  ['[true]', '[tr ue]'],
  ['{"a":1}', '{"a ":1}'],
  ['{"a":"b"}', '{"a":"b\\n"}'],
  ['{"a":1}', '{"a":1}}'],
  ['{"a":1}', '{"a":1'],
  ['"\\\\"', '"\\\\" "'],
  ['[]', ''],
])('%s is not %s', (text, other) => {
  expect([isSameJson(text, other), isSameJson(other, text)]).toEqual([false, false])
})

const showsText = { origins: (_: unknown, text: string) => [{ kind: 'test', at: text }] }

const serviceOf = async (options: Partial<ReloaderOptions<{ readonly a: number }>> = {}) => {
  let validations = 0
  const schema = z.object({ a: z.number() }).refine(() => {
    validations += 1
    return true
  })
  const clock = createVirtualClock()
  const source = memorySource('{"a":1}')
  /** Shows the text in which it looks for a value. */
  const explained: Source = {
    ...source,
    read: async (signal) => ({ ...(await source.read(signal)), ...showsText }),
    watch: async function* (after, signal) {
      for await (const event of source.watch(after, signal)) yield { ...event, ...showsText }
    },
  }
  const reloader = createReloader({ source: explained, schema, clock, soak: 0, ...options })
  const started = reloader.start()
  await clock.advance(0)
  await started
  const put = async (text: string) => {
    source.put(text)
    await clock.advance(1_000)
    return reloader.status().last
  }
  const { config } = reloader
  return { reloader, put, config, validations: () => validations }
}

test('A document that was only reformatted is not validated again, and its text is the one that serves', async () => {
  const { reloader, put, config, validations } = await serviceOf()
  const before = validations()
  const text = '{\n  "a": 1\n}\n'
  expect(await put(text)).toMatchObject({ outcome: 'unchanged', revision: { name: '2' } })
  expect(validations()).toBe(before)
  expect(reloader.config).toBe(config)
  expect(reloader.status().serving).toMatchObject({ revision: { name: '2' } })
  expect(reloader.explain('a').origins).toMatchObject([{ at: text }])
  expect(await put('{\n  "a": 1\n}}\n')).toMatchObject({ outcome: 'rejected' })
  expect(await put('{\n  "a": 2\n}\n')).toMatchObject({ outcome: 'committed' })
  expect(validations()).toBeGreaterThan(before)
  await reloader.close()
})

test('What a parser of the user reads into blanks is left to it', async () => {
  const parsed: string[] = []
  const parse = (text: string): unknown => {
    parsed.push(text)
    return { a: text.length }
  }
  const { reloader, put } = await serviceOf({ parse })
  expect(await put('{"a":1} ')).toMatchObject({ outcome: 'committed' })
  expect(reloader.config.a).toBe(8)
  expect(parsed).toContain('{"a":1} ')
  await reloader.close()
})
