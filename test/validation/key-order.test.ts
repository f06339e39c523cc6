import { createReloader } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Json, mutated, randomJson, shuffled } from '../model/random-json.ts'
import { createRandom } from '../support/random.ts'

// What a record, a loose object or z.unknown() lets through keeps the order of the document.
const Routes = z.looseObject({ routes: z.record(z.string(), z.unknown()).default({}) })

const startRoutes = async (document: string, options: { readonly soak?: number } = {}) => {
  const source = memorySource(document)
  const clock = createVirtualClock()
  const seen: string[] = []
  const reloader = createReloader({ source, schema: Routes, clock, public: ['routes' as '*'], ...options })
    .use('routes', (config) => config.routes, {
      prepare: (routes: unknown) => {
        seen.push(JSON.stringify(routes))
        return { instance: Object.keys(routes as object) }
      },
    })
    .use('all', (config) => (config.all === true ? config : undefined), { prepare: () => ({ instance: undefined }) })
  const started = reloader.start()
  await clock.advance(0)
  await started
  const put = async (text: string) => {
    source.put(text)
    await clock.advance(300) // changes that come in quick succession are gathered
    return reloader.status().last
  }
  return { source, clock, reloader, seen, put }
}

const before = '{"routes":{"/api/*":"api","/*":"page"}}'
const after = '{"routes":{"/*":"page","/api/*":"api"}}'

describe('A changed order of keys', () => {
  it('is a change: the module gets the new order, as a restarted instance does', async () => {
    const service = await startRoutes(before)
    expect(await service.put(after)).toMatchObject({ outcome: 'committed', modules: [{ module: 'routes' }] })
    expect(service.reloader.modules.routes.current).toEqual(['/*', '/api/*'])
    const restarted = await startRoutes(after)
    expect(JSON.stringify(service.reloader.config)).toBe(JSON.stringify(restarted.reloader.config))
    expect(service.seen.at(-1)).toBe(restarted.seen.at(-1))
    await service.reloader.close()
    await restarted.reloader.close()
  })

  it('leaves what is inside of the moved members as it was, so that only what has moved is new', async () => {
    const service = await startRoutes('{"routes":{"a":{"deep":[1]},"b":{"deep":[2]}}}')
    const { routes } = service.reloader.config
    await service.put('{"routes":{"b":{"deep":[2]},"a":{"deep":[1]}}}')
    const next = service.reloader.config.routes
    expect(Object.keys(next)).toEqual(['b', 'a'])
    expect([next.a === routes.a, next.b === routes.b, next === routes]).toEqual([true, true, false])
    await service.reloader.close()
  })

  it('of the top level changes the config, and calls only modules whose slice it is', async () => {
    const service = await startRoutes('{"routes":{},"one":1,"two":2}')
    const calls = service.seen.length
    expect(await service.put('{"routes":{},"two":2,"one":1}')).toMatchObject({ outcome: 'committed', modules: [] })
    expect(Object.keys(service.reloader.config)).toEqual(['routes', 'two', 'one'])
    expect(service.seen).toHaveLength(calls)
    await service.put('{"routes":{},"two":2,"one":1,"all":true}')
    expect(await service.put('{"routes":{},"all":true,"two":2,"one":1}')).toMatchObject({
      modules: [{ module: 'all' }],
    })
    await service.reloader.close()
  })

  it('is told by a dry run, with the keys of a public path, and by the digest', async () => {
    const { reloader, put } = await startRoutes(before)
    const digest = reloader.status().serving?.digest
    expect(await reloader.plan(after)).toMatchObject({
      verdict: 'changes',
      modules: [{ module: 'routes', change: 'replace' }],
      diff: {
        count: 1,
        differences: [{ path: 'routes', change: 'reordered', from: ['/api/*', '/*'], to: ['/*', '/api/*'] }],
      },
    })
    await put(after)
    expect(reloader.status().serving?.digest).not.toBe(digest)
    await reloader.close()
  })

  it('in an array of objects, at any depth, is a change as well', async () => {
    const { reloader, put } = await startRoutes('{"routes":{"list":[{"a":{"x":1,"y":2}}]}}')
    expect(await put('{"routes":{"list":[{"a":{"y":2,"x":1}}]}}')).toMatchObject({ outcome: 'committed' })
    await reloader.close()
  })

  it('calls the subscribers of what was reordered, and no others', async () => {
    const { reloader, put } = await startRoutes(before)
    const calls: string[] = []
    reloader.subscribe(
      (config) => config.routes,
      (routes) => void calls.push(JSON.stringify(routes)),
    )
    reloader.subscribe(
      (config) => Object.keys(config.routes).sort(),
      () => void calls.push('sorted'),
    )
    await put(after)
    expect(calls).toEqual(['{"/*":"page","/api/*":"api"}'])
    await reloader.close()
  })

  it('is no return to the last known good, which would end a soak with the old order', async () => {
    const { reloader, put, clock } = await startRoutes(before, { soak: 1_000 })
    await clock.advance(1_000)
    await put('{"routes":{"other":1}}')
    expect(reloader.status().state).toBe('soaking')
    await put(after)
    await clock.advance(5_000)
    expect(reloader.status()).toMatchObject({ state: 'committed', inSync: true })
    expect(reloader.modules.routes.current).toEqual(['/*', '/api/*'])
    await reloader.close()
  })

  it('is none among keys that look like integers, which JavaScript sorts itself', async () => {
    const { reloader, put } = await startRoutes('{"routes":{"b":0,"10":1,"9":2,"a":3}}')
    expect(await put('{"routes":{"9":2,"b":0,"a":3,"10":1}}')).toMatchObject({ outcome: 'unchanged' })
    expect(await put('{"routes":{"9":2,"a":3,"b":0,"10":1}}')).toMatchObject({ outcome: 'committed' })
    await reloader.close()
  })

  it('is none if the schema puts the keys in an order of its own', async () => {
    const source = memorySource('{"a":1,"b":2}')
    const reloader = createReloader({ source, schema: z.strictObject({ b: z.number(), a: z.number() }) })
    await reloader.start()
    source.put('{"b":2,"a":1}')
    expect(await reloader.reload()).toMatchObject({ outcome: 'unchanged' })
    await reloader.close()
  })
})

it('Two documents are unchanged exactly if they print alike, for 300 random pairs through a whole reloader', async () => {
  const random = createRandom(4_177)
  const counts = { unchanged: 0, committed: 0 }
  const documentOf = (value: Json): string => JSON.stringify({ routes: { value } })
  const { reloader, put } = await startRoutes('{}')
  for (let round = 0; round < 300; round++) {
    const one = randomJson(random)
    const other = random.pick([() => one, () => shuffled(one, random), () => mutated(one, random)])()
    await put(documentOf(one))
    const record = await put(`${documentOf(other)}\n`)
    const expected = JSON.stringify(one) === JSON.stringify(other) ? 'unchanged' : 'committed'
    expect([record?.outcome, one, other]).toEqual([expected, one, other])
    expect(JSON.stringify(reloader.config)).toBe(documentOf(other))
    counts[expected] += 1
  }
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(50)
  await reloader.close()
})
