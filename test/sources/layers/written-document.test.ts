import { createReloader, type ReloaderOptions, type Source } from 'changeover'
import { defaults, layers } from 'changeover/layers'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const Config = z.object({ db: z.object({ max: z.coerce.number() }), hosts: z.array(z.string()).optional() })

const follow = async (source: Source, options: Partial<ReloaderOptions<z.infer<typeof Config>>> = {}) => {
  const clock = createVirtualClock()
  const reloader = createReloader({ source, schema: Config, clock, public: ['db.max', 'hosts.*'], ...options })
  onTestFinished(async () => {
    const closing = reloader.close()
    await clock.advance(60_000)
    await closing
  })
  const started = reloader.start()
  started.catch(() => {})
  await clock.advance(3_000)
  await started
  return { reloader, clock }
}

const failureOf = ({ reloader }: Awaited<ReturnType<typeof follow>>) => {
  const { last } = reloader.status()
  return last !== undefined && 'failures' in last ? last.failures[0] : undefined
}

test('A schema that changes what it is given changes no layer', async () => {
  const greedy = z.preprocess((input) => {
    const { db, hosts } = input as { db: { max: number }; hosts: string[] }
    db.max += 1
    hosts.push('added')
    return input
  }, Config)
  const top = memorySource({ db: { max: 5 } })
  const { reloader, clock } = await follow(layers([defaults({ hosts: ['a'] }), top]), { schema: greedy })
  expect(reloader.config).toEqual({ db: { max: 6 }, hosts: ['a', 'added'] })
  top.put({ db: { max: 5 }, other: true })
  await clock.advance(3_000)
  expect(reloader.status().last).toMatchObject({ outcome: 'unchanged' })
  expect(reloader.config).toEqual({ db: { max: 6 }, hosts: ['a', 'added'] })
  expect(reloader.explain('hosts.0').origins).toMatchObject([{ value: 'a' }])
})

test('A source that changes the text of layers is taken at its text', async () => {
  const inner = layers([defaults({ hosts: ['a'] }), memorySource({ db: { max: 5 } })])
  const source: Source = {
    ...inner,
    read: async (signal) => {
      const result = await inner.read(signal)
      return result.kind === 'document' ? { ...result, content: '{"db":{"max":7}}' } : result
    },
  }
  const { reloader } = await follow(source)
  expect(reloader.config).toEqual({ db: { max: 7 } })
})

test('A parser of the user gets the text of layers', async () => {
  const texts: string[] = []
  const parse = (text: string): unknown => {
    texts.push(text)
    return JSON.parse(text)
  }
  await follow(layers([defaults({ hosts: ['a'] }), memorySource({ db: { max: 5 } })]), { parse })
  expect(texts).toEqual(['{"hosts":["a"],"db":{"max":5}}'])
})

test.each([
  ['a number in a string that is rounded', '{"db":{"max":"9007199254740993"}}', 'document.number-precision'],
  ['a reserved key that is malformed', '{"$requires":{"builds":[]}}', 'document.bad-requirements'],
])('Layers are refused like one document: %s', async (_, text, code) => {
  const top = memorySource({ db: { max: 5 } })
  const service = await follow(layers([defaults({ hosts: ['a'] }), top]))
  top.put(text)
  await service.clock.advance(3_000)
  expect(failureOf(service)).toMatchObject({ code })
})

test('Layers that have too many parts together are refused', async () => {
  const half = (key: string) => ({ [key]: Array.from({ length: 600_000 }, () => 0) })
  const top = memorySource({ db: { max: 5 } })
  const service = await follow(layers([defaults(half('a')), top]), { maxDocumentBytes: 10_000_000 })
  top.put(half('b'))
  await service.clock.advance(3_000)
  expect(failureOf(service)).toMatchObject({ code: 'document.too-large' })
})
