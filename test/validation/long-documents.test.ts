import { createReloader, type ReloaderOptions } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, test, vi } from 'vitest'

interface Config {
  readonly list: readonly unknown[]
}

/** Changes what it is given, and returns it. */
const schema: ReloaderOptions<Config>['schema'] = {
  '~standard': {
    version: 1,
    vendor: 'by hand',
    validate: (value) => {
      const { list } = value as { list: unknown[] }
      list.push('added')
      return { value: { list } }
    },
  },
}

const entries = Array.from({ length: 800 }, (_, index) => `{"name":"entry ${index}","n":${index},"tags":["a","b"]}`)
const document = `{"list":[${entries.join(',\n')}]}`

/** The same data, in a text that has nothing in common with the other one. */
const respaced = JSON.stringify(JSON.parse(document), null, 8)

/** Changes of the document, each followed by the document as it was. */
const changes: readonly (readonly [name: string, text: string, isRefused?: boolean])[] = [
  ['a value', document.replace('"n":400', '"n":-1')],
  ['a value further down', document.replace('"n":700', '"n":-1')],
  ['the first entry and the last', document.replace('"n":0', '"n":-1').replace('"n":799', '"n":-1')],
  ['an entry more', document.replace('{"name":"entry 300"', '{"name":"new"},{"name":"entry 300"')],
  ['a key twice', document.replace('"n":500', '"n":500,"n":501'), true],
  [
    'a key twice, far apart in its object',
    document.replace('"n":500,"tags":["a","b"]', '"n":500,"tags":["a"],"n":1'),
    true,
  ],
  ['a rounded number', document.replace('"n":500', '"n":12345678901234567890'), true],
  ['a forbidden key', document.replace('"n":500', '"__proto__":{"n":500}'), true],
  ['nothing behind a comma', document.replace('"tags":["a","b"]', '"tags":["a",]'), true],
  ['a bracket less', document.replace('"tags":["a","b"]', '"tags":["a","b"'), true],
  ['a bracket more', document.replace('"n":500', '"n":500}'), true],
  ['nesting that is too deep', document.replace('"n":500', `"n":${'['.repeat(120)}${']'.repeat(120)}`), true],
  ['an entry less', document.replace('{"name":"entry 300","n":300,"tags":["a","b"]},\n', '')],
]

const start = async (text: string) => {
  const source = memorySource(text)
  const clock = createVirtualClock()
  const reloader = createReloader({ source, schema, clock })
  const started = reloader.start()
  await clock.advance(0)
  await started
  /** What has become of the next text: the outcome, and where what is wrong with it. */
  const put = async (next: string) => {
    source.put(next)
    await clock.advance(1_000)
    const { last } = reloader.status()
    const failures = last !== undefined && 'failures' in last ? last.failures : []
    return [last?.outcome, ...failures.map(({ code, path, detail }) => [code, path, detail])]
  }
  return { reloader, put }
}

test('A long document that changes in part becomes what it would become without the one before', async () => {
  const { reloader, put } = await start(document)
  const outcomes: unknown[] = []
  for (const [name, text] of changes) {
    const found = await put(text)
    const { config } = reloader
    const other = await start(respaced)
    expect([name, found]).toEqual([name, await other.put(text)])
    const [outcome] = found
    if (outcome === 'committed') expect(JSON.stringify(config)).toBe(JSON.stringify(other.reloader.config))
    outcomes.push(outcome)
    await other.reloader.close()
    await put(document)
  }
  expect(outcomes.map((outcome) => outcome === 'committed')).toEqual(changes.map(([, , isRefused]) => !isRefused))
  await reloader.close()
})

test('Of a long document that changes in part only that part is parsed', async () => {
  const { reloader, put } = await start(document)
  const text = document.replace('"n":400', '"n":-1')
  const parsing = vi.spyOn(JSON, 'parse')
  expect(await put(text)).toEqual(['committed'])
  const lengths = parsing.mock.calls.map(([parsed]) => parsed.length)
  parsing.mockRestore()
  expect(Math.max(...lengths)).toBeLessThan(100)
  await reloader.close()
})
