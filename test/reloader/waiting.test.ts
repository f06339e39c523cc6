import { createReloader, type ReloaderOptions, type ReloaderStatus } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { scriptedCompensating, scriptedModule } from '../guarantees/scripted-modules.ts'

const schema = z.strictObject({ value: z.number() })

const createService = async (options: Partial<ReloaderOptions<z.infer<typeof schema>>> = {}) => {
  const source = memorySource({ value: 1 })
  const clock = createVirtualClock()
  const ledger = { calls: [], effects: {} }
  const a = scriptedModule('a', ledger)
  const k = scriptedCompensating('k', ledger)
  const reloader = createReloader({ source, schema, clock, random: () => 0.5, ...options })
    .use('a', (config) => config, a.applier)
    .use('k', (config) => config, k.applier)
  onTestFinished(() => {
    a.heal()
    k.heal()
    const closed = reloader.close()
    void clock.advance(120_000)
    return closed
  })
  const started = reloader.start()
  await clock.advance(20_000)
  await started
  const put = async (value: number): Promise<void> => {
    source.put({ value })
    await clock.advance(0)
  }
  return { reloader, source, clock, a, k, put }
}

const waitingOf = ({ waiting }: ReloaderStatus) =>
  waiting && [waiting.revision.name, waiting.reason, ...(waiting.until === undefined ? [] : [waiting.until])]

test('Nothing waits while the newest document serves, is being tried, or was refused', async () => {
  const { reloader, a, put } = await createService()
  expect(waitingOf(reloader.status())).toBeUndefined()
  a.script('prepare', 'heed')
  await put(2)
  expect(reloader.status().state).toBe('preparing')
  expect(waitingOf(reloader.status())).toBeUndefined()
  a.heal()
  await reloader.close()
  expect(waitingOf(reloader.status())).toBeUndefined()
})

test('A newer document waits for the end of the transaction', async () => {
  const { reloader, k, put } = await createService()
  k.script('apply', 'heed')
  await put(2)
  await put(3)
  expect(reloader.status().state).toBe('completing')
  expect(waitingOf(reloader.status())).toEqual(['3', 'transaction'])
  k.heal()
  await expect.poll(() => reloader.config.value).toBe(3)
  expect(waitingOf(reloader.status())).toBeUndefined()
})

test('A newer document waits for the end of the soak, or ends it', async () => {
  for (const onNewer of ['wait', 'supersede'] as const) {
    const { reloader, clock, put } = await createService({ soak: { durationMs: 10_000, onNewer } })
    await put(2)
    expect(reloader.status().state).toBe('soaking')
    await put(3)
    expect(reloader.config.value).toBe(onNewer === 'wait' ? 2 : 3)
    expect(waitingOf(reloader.status())).toEqual(onNewer === 'wait' ? ['3', 'soak'] : undefined)
    await clock.advance(10_000)
    expect(reloader.config.value).toBe(3)
    const { counters } = reloader.status()
    expect(counters.superseded).toBe(onNewer === 'wait' ? 0 : 1)
  }
})

test('A document that would be rejected waits for the end of a soak that newer ones end', async () => {
  const { reloader, source, clock, put } = await createService({ soak: { durationMs: 10_000, onNewer: 'supersede' } })
  await put(2)
  source.put({ value: 'three' })
  await clock.advance(0)
  expect(reloader.config.value).toBe(2)
  expect(waitingOf(reloader.status())).toEqual(['3', 'soak'])
  await clock.advance(10_000)
  expect(reloader.status()).toMatchObject({ state: 'rejected', lastKnownGood: { revision: { name: '2' } } })
})

test('A document waits for the end of a freeze', async () => {
  const { reloader, clock, put } = await createService()
  await reloader.freeze('maintenance')
  await put(2)
  expect(waitingOf(reloader.status())).toEqual(['2', 'freeze'])
  await reloader.unfreeze()
  await clock.advance(100)
  expect(waitingOf(reloader.status())).toBeUndefined()
})

test('A document waits for the end of its quarantine; without an end only for a call', async () => {
  const { reloader, clock, a, put } = await createService()
  a.script('prepare', 'reject')
  await put(2)
  expect(waitingOf(reloader.status())).toEqual(['2', 'quarantine', clock.now() + 3_750])
  await clock.advance(3_750)
  expect(reloader.config.value).toBe(2)
  expect(waitingOf(reloader.status())).toBeUndefined()
  a.script('commit', 'throw')
  await put(3)
  expect(waitingOf(reloader.status())).toEqual(['3', 'quarantine'])
})

test('A document waits for a module that has not settled', async () => {
  const { reloader, clock, k, put } = await createService()
  k.script('apply', 'deaf')
  await put(2)
  await clock.advance(60_000)
  await put(3)
  expect(waitingOf(reloader.status())).toEqual(['3', 'module'])
})

test('A document waits for the end of a storm', async () => {
  const { reloader, source, clock } = await createService()
  for (let value = 2; value < 60; value++) {
    source.put({ value })
    await clock.advance(1)
  }
  expect(waitingOf(reloader.status())).toEqual([expect.any(String), 'storm'])
  await clock.advance(1_000)
  expect(reloader.config.value).toBe(59)
  expect(waitingOf(reloader.status())).toBeUndefined()
})

test('A document waits for a schema that could not decide, and is validated again with back-off', async () => {
  const answers: (() => unknown)[] = []
  const validate = async (input: unknown) => {
    await answers.shift()?.()
    return schema['~standard'].validate(input)
  }
  const unsure = { '~standard': { ...schema['~standard'], validate } } as typeof schema
  const { reloader, clock, put } = await createService({ schema: unsure })
  answers.push(
    () => Promise.reject(new Error('The directory is not reachable')),
    () => new Promise(() => {}),
  )
  await put(2)
  const { last, quarantine } = reloader.status()
  expect(last).toMatchObject({ outcome: 'rejected', failures: [{ code: 'schema.threw' }] })
  expect(quarantine).toMatchObject([{ code: 'schema.threw', count: 1 }])
  expect(waitingOf(reloader.status())).toEqual(['2', 'quarantine', quarantine[0]?.nextTryAt])
  await clock.advance(3_750 + 5_000)
  expect(reloader.status()).toMatchObject({
    last: { failures: [{ code: 'schema.timeout' }] },
    quarantine: [{ count: 2 }],
  })
  await clock.advance(10_000)
  expect(reloader.config.value).toBe(2)
  expect(reloader.status()).toMatchObject({ quarantine: [], state: 'committed' })
})

test('A document that a schema refuses, or that is malformed, is not tried again', async () => {
  const { reloader, source, clock } = await createService()
  for (const bad of ['{', { value: 'many' }, { other: 1 }]) {
    source.put(bad)
    await clock.advance(600_000)
    expect(reloader.status()).toMatchObject({ state: 'rejected', quarantine: [] })
    expect(waitingOf(reloader.status())).toBeUndefined()
  }
  expect(reloader.status().counters.rejected).toBe(3)
})

test('The newest revision is known, and the service is not in sync, when only reload has read it', async () => {
  const { reloader, source } = await createService()
  source.silence()
  source.put('{')
  expect(reloader.status()).toMatchObject({ inSync: true, source: { revision: { name: '1' } } })
  expect((await reloader.reload()).outcome).toBe('rejected')
  expect(reloader.status()).toMatchObject({ inSync: false, source: { revision: { name: '2' } } })
})

test('A status has the id that begins the ids of its transactions, and the build if there is one', async () => {
  const { reloader } = await createService({ build: '1.2.3' })
  const { id, build, last } = reloader.status()
  expect([last?.id.startsWith(`${id}-`), build]).toEqual([true, '1.2.3'])
  expect((await createService()).reloader.status()).not.toHaveProperty('build')
})
