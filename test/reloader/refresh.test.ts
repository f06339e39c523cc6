import { type Applier, createReloader, type ReloaderOptions } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const schema = z.strictObject({
  db: z.strictObject({ certFile: z.string() }),
  cache: z.strictObject({ ms: z.number() }),
})
const first = { db: { certFile: '/run/cert.pem' }, cache: { ms: 1 } }

/** A service whose module `db` reads the file that its config names; `files` stands for the disk. */
const createService = async (options: Partial<ReloaderOptions<z.infer<typeof schema>>> = {}) => {
  const files = { cert: 'one' }
  const calls: string[] = []
  const clock = createVirtualClock()
  const source = memorySource(first)
  const db: Applier<{ readonly certFile: string }, string> = {
    prepare: () => {
      calls.push('db')
      if (files.cert === '') throw new Error('The file is empty')
      return { instance: files.cert }
    },
  }
  const cache: Applier<{ readonly ms: number }, number> = {
    prepare: () => {
      calls.push('cache')
      return { instance: calls.length }
    },
  }
  const pooled: Applier<{ readonly ms: number }, string, { db: string }> = {
    prepare: (_, { needs }) => ({ instance: `on ${needs.db}` }),
  }
  const reloader = createReloader({ source, schema, clock, random: () => 0.5, ...options })
    .use('db', ({ db }) => db, db)
    .use('cache', ({ cache }) => cache, cache)
    .use('pooled', ({ cache }) => cache, pooled, { needs: { db: 'db' } })
  onTestFinished(() => reloader.close())
  await reloader.start()
  calls.length = 0
  return { reloader, source, files, calls, clock }
}

test('reload() of an equal document calls no module', async () => {
  const { reloader, calls } = await createService()
  expect(await reloader.reload()).toMatchObject({ outcome: 'unchanged' })
  expect(calls).toEqual([])
})

test('reload({ force: true }) prepares all modules of an equal document again', async () => {
  const { reloader, files, calls } = await createService()
  files.cert = 'two'
  const before = reloader.config
  const record = await reloader.reload({ force: true })
  expect(record).toMatchObject({ outcome: 'committed', trigger: 'reload' })
  expect(record.modules.map(({ module, change }) => `${module} ${change}`)).toEqual([
    'db replace',
    'cache replace',
    'pooled replace',
  ])
  expect(calls.sort()).toEqual(['cache', 'db'])
  expect(reloader.modules.db.current).toBe('two')
  expect(reloader.config).toBe(before)
  expect(await reloader.reload()).toMatchObject({ outcome: 'unchanged' }) // the request is fulfilled
})

test('reload({ force: true }) parses again, so that a parser may read what has changed elsewhere', async () => {
  let ms = 1
  const parse = (text: string) => ({ ...(JSON.parse(text) as typeof first), cache: { ms } })
  const { reloader } = await createService({ parse })
  ms = 2
  expect(await reloader.reload()).toMatchObject({ outcome: 'unchanged' })
  expect(await reloader.reload({ force: true })).toMatchObject({ outcome: 'committed' })
  expect(reloader.config.cache.ms).toBe(2)
})

test('refresh() prepares the named modules and those that need them, and leaves the others alone', async () => {
  const { reloader, files, calls } = await createService()
  files.cert = 'two'
  const { cache } = { cache: reloader.modules.cache.current }
  const record = await reloader.refresh('db')
  expect(record.modules.map(({ module }) => module)).toEqual(['db', 'pooled'])
  expect(calls).toEqual(['db'])
  expect(reloader.modules.db.current).toBe('two')
  expect(reloader.modules.pooled.current).toBe('on two')
  expect(reloader.modules.cache.current).toBe(cache)
  expect((await reloader.refresh()).modules).toHaveLength(3)
})

test('refresh() of a module that does not exist is refused and changes nothing', async () => {
  const { reloader, calls } = await createService()
  // @ts-expect-error the types know the modules
  await expect(reloader.refresh('dbb')).rejects.toMatchObject({ code: 'reloader.no-such-module', module: 'dbb' })
  // @ts-expect-error not a name at all
  await expect(reloader.refresh(7)).rejects.toMatchObject({ code: 'reloader.no-such-module' })
  expect(calls).toEqual([])
})

test('refresh() works while the source is down and while changes are frozen', async () => {
  const { reloader, source, files } = await createService()
  source.failReads('source.unreachable')
  files.cert = 'two'
  expect(await reloader.refresh('db')).toMatchObject({ outcome: 'committed' })
  expect(reloader.modules.db.current).toBe('two')
  await reloader.freeze('maintenance')
  files.cert = 'three'
  expect(await reloader.refresh('db')).toMatchObject({ outcome: 'committed' })
  expect(reloader.modules.db.current).toBe('three')
  expect(reloader.status()).toMatchObject({ frozen: { reason: 'maintenance' } })
  await expect(reloader.reload({ force: true })).rejects.toMatchObject({ code: 'reloader.frozen' })
  await reloader.unfreeze()
  expect(await reloader.reload({ force: true })).toMatchObject({ outcome: 'rejected' }) // this one asks the source
})

test('A refresh that fails keeps what serves, is not held against the config, and is tried again with back-off', async () => {
  const { reloader, files, clock } = await createService()
  files.cert = '' // the file is being written
  expect(await reloader.refresh('db')).toMatchObject({ outcome: 'rolled-back' })
  expect(reloader.modules.db.current).toBe('one')
  const { serving, quarantine, inSync, waiting } = reloader.status()
  expect(inSync).toBe(true)
  expect(quarantine).toMatchObject([{ module: 'db', digest: `${serving?.digest}+refresh`, count: 1 }])
  expect(waiting).toMatchObject({ reason: 'quarantine', until: quarantine[0]?.nextTryAt })
  await clock.advance(5_000)
  expect(reloader.status().quarantine).toMatchObject([{ count: 2 }])
  files.cert = 'two'
  await clock.advance(10_000)
  expect(reloader.modules.db.current).toBe('two')
  expect(reloader.status()).toMatchObject({ quarantine: [], state: 'committed' })
})

test('A newer document takes a failed refresh with it', async () => {
  const { reloader, source, files, clock } = await createService()
  files.cert = ''
  await reloader.refresh('db')
  files.cert = 'two'
  source.put({ ...first, cache: { ms: 2 } })
  await clock.advance(100)
  expect(reloader.modules.db.current).toBe('two')
  expect(reloader.config.cache.ms).toBe(2)
  await clock.advance(3_600_000)
  expect(reloader.status().counters).toMatchObject({ committed: 2, 'rolled-back': 1 })
})

test('Refreshes that are asked for at the same time are all carried out, each module once', async () => {
  const { reloader, calls } = await createService()
  const records = await Promise.all([reloader.refresh('db'), reloader.refresh('cache'), reloader.reload()])
  expect(calls.sort()).toEqual(['cache', 'db'])
  expect(records.filter(({ outcome }) => outcome !== 'committed' && outcome !== 'unchanged')).toEqual([])
  expect(await reloader.reload()).toMatchObject({ outcome: 'unchanged' })
})

test('A revert does not carry out a refresh that has failed', async () => {
  const { reloader, source, files, clock } = await createService()
  source.put({ ...first, cache: { ms: 2 } })
  await clock.advance(100)
  files.cert = ''
  expect(await reloader.refresh('db')).toMatchObject({ outcome: 'rolled-back' })
  expect(await reloader.revert()).toMatchObject({ outcome: 'committed' })
  expect(reloader.modules.db.current).toBe('one')
  files.cert = 'two'
  await reloader.unfreeze()
  await clock.advance(100)
  expect([reloader.config.cache.ms, reloader.modules.db.current]).toEqual([2, 'two'])
})
