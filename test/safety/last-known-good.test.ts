import { expect, test } from 'vitest'
import { permanent } from '../../src/index.ts'
import { Config } from './process.ts'
import { createDeployment, documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

test('The last known good is stored only after the soak, which defaults to 10 s with a store, with all that identifies it', async () => {
  const deployment = createDeployment()
  const process = await deployment.up()
  await process.advance(9_999)
  expect(process.state).toBe('soaking')
  expect(deployment.store.goodHistory).toEqual([])
  await process.advance(1)
  expect(process.state).toBe('committed')
  const { digest } = process.reloader.status().lastKnownGood ?? {}
  expect(deployment.store.goodHistory).toEqual([
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
    goodHistory: [{ revision: { name: '1' }, digest, provedAt: process.clock.now() }],
  })
})

test('The last known good and the two before it are stored, newest first', async () => {
  const { deployment, process } = await soakedDeployment([1, 2, 3, 4])
  const names = ['4', '3', '2']
  expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(names)
  expect(process.reloader.status().goodHistory.map(({ revision }) => revision.name)).toEqual(names)
})

test('If the source is down, a start serves the last known good without a soak, shows since when it is stale, and recovers', async () => {
  const { deployment, process: first } = await soakedDeployment([1, 2])
  const provedAt = first.reloader.status().goodHistory[0]?.provedAt
  await first.close()
  deployment.cutSource()
  const process = await deployment.up()
  expect(process.served).toBe(2)
  expect(process.state).toBe('committed')
  expect(process.calls.filter((call) => call.startsWith('check'))).toEqual([])
  expect(process.reloader.status()).toMatchObject({ stale: { since: provedAt }, inSync: false })
  await process.advance(60_000)
  expect(process.reloader.status()).toMatchObject({ stale: { since: provedAt } })
  deployment.source.put(documentOf(3))
  deployment.source.heal()
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

test('If the last known good differs from the document of the source, it serves first, and the document follows as a change', async () => {
  const { deployment, process: first } = await soakedDeployment([1])
  await first.close()
  deployment.source.put(documentOf(2))
  const process = await deployment.up()
  expect(process.records.map(({ trigger, outcome }) => `${trigger} ${outcome}`)).toEqual(['restore committed'])
  expect(process).toMatchObject({ state: 'soaking', served: 2 })
  expect(process.calls.filter((call) => call.startsWith('commit'))).toEqual([
    'commit a1',
    'commit b1',
    'commit a2',
    'commit b2',
  ])
  expect(process.reloader.status()).toMatchObject({ lastKnownGood: { revision: { name: '1' } }, inSync: true })
  process.modules.b.always('check', () => Promise.reject(permanent('gone')))
  await process.advance(5_000)
  expect(process.last).toMatchObject({ trigger: 'change', outcome: 'rolled-back' })
  expect(process.served).toBe(1)
  expect(process.reloader.modules.a.current).toBe(process.modules.a.made[0])
})

test('If the last known good is the document of the source, no module is called twice', async () => {
  const { deployment, process: first } = await soakedDeployment([1])
  await first.close()
  const process = await deployment.up({}, 60_000)
  expect(process.calls).toEqual(['prepare a1', 'prepare b1', 'commit a1', 'commit b1'])
  expect(process.records.map(({ outcome }) => outcome)).toEqual(['committed', 'unchanged'])
  expect(process.reloader.status()).toMatchObject({ inSync: true, state: 'committed' })
  expect(process.reloader.status()).not.toHaveProperty('stale')
})

const above = (least: number) => Config.refine(({ value }) => value >= least)

test('A last known good that the schema now rejects is skipped for the older one, and that for the document of the source', async () => {
  const { deployment, process: first } = await soakedDeployment([5, 4, 3])
  await first.close()
  deployment.cutSource()
  const second = await deployment.up({ schema: above(4) })
  expect(second.records.map(({ outcome, revision }) => `${revision?.name} ${outcome}`)).toEqual([
    '3 rejected',
    '2 committed',
  ])
  expect(second.served).toBe(4)
  expect(second.calls.filter((call) => call.startsWith('prepare'))).toEqual(['prepare a1', 'prepare b1'])
  await second.close()

  deployment.source.heal()
  deployment.source.put(documentOf(9))
  const third = await deployment.up({ schema: above(6) }, SOAK_MS)
  expect(third.served).toBe(9)
  expect(third.records.map(({ outcome, trigger }) => `${trigger} ${outcome}`)).toEqual([
    'restore rejected',
    'restore rejected',
    'restore rejected',
    'start committed',
  ])
})

test('An older good document that serves instead of a rejected newer one becomes the last known good, in memory and on disk', async () => {
  const { deployment, process: first } = await soakedDeployment([5, 4, 3])
  await first.close()
  deployment.cutSource()
  const second = await deployment.up({ schema: above(4) })
  deployment.source.put(documentOf(6))
  deployment.source.heal()
  await second.advance(60_000)
  const names = ['4', '2', '3']
  expect(second.reloader.status().goodHistory.map(({ revision }) => revision.name)).toEqual(names)
  expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(names)
})

test('If a module cannot take the last known good, the older one serves, and the newer document is then tried as a change', async () => {
  const { deployment, process: first } = await soakedDeployment([1, 2])
  await first.close()
  const process = deployment.boot()
  process.modules.b.script('prepare', 'reject')
  await process.start()
  expect(process.records.map(({ trigger, outcome }) => `${trigger} ${outcome}`)).toEqual([
    'restore rolled-back',
    'restore committed',
  ])
  expect(process).toMatchObject({ state: 'soaking', served: 2 })
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ state: 'committed', served: 2 })
  expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(['2', '1'])
})

test('Without a stored document a start waits for the source as usual, and rejects a bad document', async () => {
  const deployment = createDeployment()
  deployment.cutSource()
  const process = deployment.boot()
  await process.start(30_000)
  expect(process.reloader.status()).not.toHaveProperty('stale')
  expect(() => process.reloader.config).toThrowError(expect.objectContaining({ code: 'reloader.not-started' }))
  deployment.source.heal()
  await process.advance(30_000)
  expect(process.served).toBe(1)
  await process.close()

  const other = createDeployment({ document: { value: 'no number' } })
  await expect(other.boot().start(1_000)).rejects.toMatchObject({ code: 'schema.invalid' })
})

test('A last known good from disk is validated: policies and schema are asked', async () => {
  const { deployment, process: first } = await soakedDeployment([1, 2])
  await first.close()
  deployment.cutSource()
  const seen: unknown[] = []
  const policies = [
    (next: Config, previous: Config | undefined) => {
      seen.push([next.value, previous?.value])
      if (next.value === 2) throw new Error('not any more')
    },
  ]
  const process = await deployment.up({ policies })
  expect(seen).toEqual([
    [2, undefined],
    [1, undefined],
  ])
  expect(process.served).toBe(1)
})
