import { expect, test } from 'vitest'
import { Config } from './process.ts'
import { createWorld, documentOf, provedWorld, SOAK_MS } from './world.ts'

test('The last known good is kept only after the soak, which is 10 s where a store is given, with all that names it', async () => {
  const world = createWorld()
  const process = await world.up()
  await process.advance(9_999)
  expect(process.state).toBe('soaking')
  expect(world.kept.goods).toEqual([])
  await process.advance(1)
  expect(process.state).toBe('committed')
  const { digest } = process.reloader.status().lastKnownGood ?? {}
  expect(world.kept.goods).toEqual([
    {
      sequence: expect.any(Number),
      savedAt: process.clock.now(),
      revision: { lineage: 'memory-1', order: 1, name: '1' },
      digest,
      text: JSON.stringify(documentOf(1)),
    },
  ])
  expect(process.reloader.status()).toMatchObject({
    persistence: { lastSavedAt: process.clock.now() },
    history: [{ revision: { name: '1' }, digest, provedAt: process.clock.now() }],
  })
})

test('The last known good and the two before it are kept, newest first', async () => {
  const { world, process } = await provedWorld([1, 2, 3, 4])
  const names = ['4', '3', '2']
  expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(names)
  expect(process.reloader.status().goodHistory.map(({ revision }) => revision.name)).toEqual(names)
})

test('With the source down a start serves the last known good without a soak, says since when it is stale, and heals', async () => {
  const { world, process: first } = await provedWorld([1, 2])
  const provedAt = first.reloader.status().goodHistory[0]?.provedAt
  await first.close()
  world.cutSource()
  const process = await world.up()
  expect(process.served).toBe(2)
  expect(process.state).toBe('committed')
  expect(process.calls.filter((call) => call.startsWith('check'))).toEqual([])
  expect(process.reloader.status()).toMatchObject({ stale: { since: provedAt }, inSync: false })
  await process.advance(60_000)
  expect(process.reloader.status()).toMatchObject({ stale: { since: provedAt } })
  world.source.put(documentOf(3))
  world.source.heal()
  await process.advance(30_000)
  expect(process.served).toBe(3)
  const status = process.reloader.status()
  expect(status).toMatchObject({ state: 'committed', inSync: true, source: { state: 'watching' } })
  expect(status).not.toHaveProperty('stale')
  expect(process.records.map(({ trigger, outcome }) => `${trigger} ${outcome}`)).toEqual([
    'restore committed',
    'change committed',
  ])
})

test('Where the last known good differs from the document of the source it serves first, and the document follows as a change', async () => {
  const { world, process: first } = await provedWorld([1])
  await first.close()
  world.source.put(documentOf(2))
  const process = await world.up()
  expect(process.records.map(({ trigger, outcome }) => `${trigger} ${outcome}`)).toEqual(['restore committed'])
  expect(process).toMatchObject({ state: 'soaking', served: 2 })
  expect(process.calls.filter((call) => call.startsWith('commit'))).toEqual([
    'commit a1',
    'commit b1',
    'commit a2',
    'commit b2',
  ])
  expect(process.reloader.status()).toMatchObject({ lastKnownGood: { revision: { name: '1' } }, inSync: true })
  process.modules.b.always('check', 'reject')
  await process.advance(5_000)
  expect(process.last).toMatchObject({ trigger: 'change', outcome: 'rolled-back' })
  expect(process.served).toBe(1)
  expect(process.reloader.modules.a.current).toBe(process.modules.a.made[0])
})

test('Where the last known good is the document of the source nothing is called twice', async () => {
  const { world, process: first } = await provedWorld([1])
  await first.close()
  const process = await world.up({}, 60_000)
  expect(process.calls).toEqual(['prepare a1', 'prepare b1', 'commit a1', 'commit b1'])
  expect(process.records.map(({ outcome }) => outcome)).toEqual(['committed', 'unchanged'])
  expect(process.reloader.status()).toMatchObject({ inSync: true, state: 'committed' })
  expect(process.reloader.status()).not.toHaveProperty('stale')
})

const above = (least: number) => Config.refine(({ value }) => value >= least)

test('A last known good that the schema now refuses is skipped for the older one, and that for the document of the source', async () => {
  const { world, process: first } = await provedWorld([5, 4, 3])
  await first.close()
  world.cutSource()
  const second = await world.up({ schema: above(4) })
  expect(second.records.map(({ outcome, revision }) => `${revision?.name} ${outcome}`)).toEqual([
    '3 rejected',
    '2 committed',
  ])
  expect(second.served).toBe(4)
  expect(second.calls.filter((call) => call.startsWith('prepare'))).toEqual(['prepare a1', 'prepare b1'])
  await second.close()

  world.source.heal()
  world.source.put(documentOf(9))
  const third = await world.up({ schema: above(6) }, SOAK_MS)
  expect(third.served).toBe(9)
  expect(third.records.map(({ outcome, trigger }) => `${trigger} ${outcome}`)).toEqual([
    'restore rejected',
    'restore rejected',
    'restore rejected',
    'start committed',
  ])
})

test('An older good that serves because the newer is refused is the last known good from then on, in memory and on disk', async () => {
  const { world, process: first } = await provedWorld([5, 4, 3])
  await first.close()
  world.cutSource()
  const second = await world.up({ schema: above(4) })
  world.source.put(documentOf(6))
  world.source.heal()
  await second.advance(60_000)
  const names = ['4', '2', '3']
  expect(second.reloader.status().goodHistory.map(({ revision }) => revision.name)).toEqual(names)
  expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(names)
})

test('A module that cannot take the last known good leaves the older one to serve, and the newer document is then tried as a change', async () => {
  const { world, process: first } = await provedWorld([1, 2])
  await first.close()
  const process = world.boot()
  process.modules.b.script('prepare', 'reject')
  await process.start()
  expect(process.records.map(({ trigger, outcome }) => `${trigger} ${outcome}`)).toEqual([
    'restore rolled-back',
    'restore committed',
  ])
  expect(process).toMatchObject({ state: 'soaking', served: 2 })
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ state: 'committed', served: 2 })
  expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(['2', '1'])
})

test('With nothing kept a start is as ever: it waits for the source, and rejects a bad document', async () => {
  const world = createWorld()
  world.cutSource()
  const process = world.boot()
  await process.start(30_000)
  expect(process.reloader.status()).not.toHaveProperty('stale')
  expect(() => process.reloader.config).toThrowError(expect.objectContaining({ code: 'reloader.not-started' }))
  world.source.heal()
  await process.advance(30_000)
  expect(process.served).toBe(1)
  await process.close()

  const other = createWorld({ document: { value: 'no number' } })
  await expect(other.boot().start(1_000)).rejects.toMatchObject({ code: 'schema.invalid' })
})

test('A last known good is validated when it comes from the disk: policies and schema are asked', async () => {
  const { world, process: first } = await provedWorld([1, 2])
  await first.close()
  world.cutSource()
  const seen: unknown[] = []
  const policies = [
    (next: Config, previous: Config | undefined) => {
      seen.push([next.value, previous?.value])
      if (next.value === 2) throw new Error('not any more')
    },
  ]
  const process = await world.up({ policies })
  expect(seen).toEqual([
    [2, undefined],
    [1, undefined],
  ])
  expect(process.served).toBe(1)
})
