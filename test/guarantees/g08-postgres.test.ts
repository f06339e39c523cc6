import { createReloader, type TransactionRecord } from 'changeover'
import { logLevel, timer } from 'changeover/appliers'
import { pgPool } from 'changeover/pg'
import { memorySource } from 'changeover/testing'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { usePostgres } from '../support/postgres.ts'

const MAX = 4
const server = usePostgres()
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const Config = z.strictObject({
  log: z.strictObject({ level: z.string() }),
  db: z.strictObject({ connectionString: z.string(), application_name: z.string(), max: z.number() }),
  cache: z.strictObject({ intervalMs: z.number(), query: z.string() }),
})

interface Values {
  readonly level?: string
  readonly name?: string
  readonly password?: string
  readonly query?: string
}

/** Wires a logger, a pool, and a cache that is warmed through the pool with which it will serve. */
const startService = async (soakMs = 0) => {
  const documentOf = ({ level = 'info', name = 'one', password, query = "select 'fresh' as state" }: Values) => {
    const url = new URL(server().connectionString)
    if (password !== undefined) url.password = password
    return {
      log: { level },
      db: { connectionString: url.href, application_name: name, max: MAX },
      cache: { intervalMs: 60_000, query },
    }
  }
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
  const child = logger.child({ part: 'child' })
  const source = memorySource(documentOf({}))
  let unwell = ''
  const checks = [
    (config: z.infer<typeof Config>) => {
      if (config.db.application_name === unwell) throw new Error('unwell')
    },
  ]
  const refresh = timer<z.infer<typeof Config>['cache'], unknown, { pool: Pool }>(
    async ({ slice, needs: { pool } }) => {
      const { rows } = await pool.query(`${slice.query}`)
      const {
        rows: [served],
      } = await pool.query<{ name: string }>("select current_setting('application_name') as name")
      return { rows, through: served?.name }
    },
    { warm: true },
  )
  const reloader = createReloader({ source, schema: Config, soak: soakMs === 0 ? 0 : { durationMs: soakMs, checks } })
    .use('log', (config) => config.log, logLevel(logger))
    .use('db', (config) => config.db, pgPool(), { after: ['log'] })
    .use('cache', (config) => config.cache, refresh, { needs: { pool: 'db' } })
  const records = reloader.transactions()
  await reloader.start()
  await records.next()
  ends.push(() => reloader.close())
  return {
    reloader,
    logger,
    child,
    put: async (values: Values): Promise<TransactionRecord> => {
      source.put(documentOf(values))
      return (await records.next()).value
    },
    setUnwell: (name: string) => {
      unwell = name
    },
  }
}

/** Sends queries without a pause until stopped; returns every error. */
const hammer = (query: () => Promise<unknown>) => {
  const errors: unknown[] = []
  let isRunning = true
  let count = 0
  const workers = Array.from({ length: 6 }, async () => {
    while (isRunning) {
      await query().then(
        () => count++,
        (error: unknown) => errors.push(error),
      )
    }
  })
  return async () => {
    isRunning = false
    await Promise.all(workers)
    return { errors, count }
  }
}

/** Lists the server's processes behind all connections of the pool. */
const connections = async (pool: Pool): Promise<number[]> => {
  const clients = await Promise.all(Array.from({ length: MAX }, () => pool.connect()))
  const pids = clients.map((client) => (client as unknown as { processID: number }).processID)
  for (const client of clients) client.release()
  return pids.sort((one, other) => one - other)
}

test('G5 a real pool, a real logger and a cache keep working while a prepare fails against the server', async () => {
  const { reloader, put, logger, child } = await startService()
  const pool = reloader.modules.db.current
  const pids = await connections(pool)
  const stop = hammer(() => reloader.modules.db.current.query('select pg_sleep(0.001)'))
  for (const password of ['wrong', 'wrong again', '']) {
    const record = await put({ level: 'debug', name: 'two', password })
    expect(record).toMatchObject({
      outcome: 'rolled-back',
      failures: [{ code: 'module.prepare-failed', module: 'db' }],
    })
    expect([logger.level, child.level]).toEqual(['info', 'info'])
    expect(reloader.modules.db.current).toBe(pool)
  }
  expect((await stop()).errors).toEqual([])
  expect(await connections(pool)).toEqual(pids)
})

test('G6 a cache is warmed through the new pool before either serves, and drains through the old one', async () => {
  const { reloader, put } = await startService()
  expect(reloader.modules.cache.current.last).toMatchObject({ through: 'one' })
  const stop = hammer(() => reloader.modules.db.use((pool) => pool.query('select 1')))
  for (const name of ['two', 'three', 'four', 'five']) {
    expect((await put({ name })).outcome).toBe('committed')
    expect(reloader.modules.cache.current.last).toMatchObject({ through: name, rows: [{ state: 'fresh' }] })
  }
  const { errors, count } = await stop()
  expect(errors).toEqual([])
  expect(count).toBeGreaterThan(0)
  await reloader.close()
  for (const { opened, closed, live, leaked } of Object.values(reloader.status().modules)) {
    expect({ closed, live, leaked }).toEqual({ closed: opened, live: 0, leaked: 0 })
  }
  expect(reloader.status().counters.reported).toBe(0)
})

test('G6 a cache that cannot be warmed through the new pool leaves both as they are', async () => {
  const { reloader, put } = await startService()
  const { db, cache } = reloader.modules
  const before = [db.current, cache.current]
  const record = await put({ name: 'two', query: 'select * from no_such_table' })
  expect(record).toMatchObject({
    outcome: 'rolled-back',
    failures: [{ code: 'module.prepare-failed', module: 'cache' }],
  })
  expect([db.current, cache.current]).toEqual(before)
  expect(db.current).toBe(before[0])
  expect((await db.current.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

test('G8 after a failed soak the same pool serves with its connections, and no query was lost', async () => {
  const { reloader, put, logger, child, setUnwell } = await startService(50)
  const pool = reloader.modules.db.current
  const pids = await connections(pool)
  setUnwell('two')
  const stop = hammer(() => reloader.modules.db.current.query('select pg_sleep(0.001)'))
  for (let round = 0; round < 5; round++) {
    const record = await put({ level: 'debug', name: 'two', query: `select ${round}` })
    expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'health.failed' }] })
    expect(reloader.modules.db.current).toBe(pool)
    expect([logger.level, child.level]).toEqual(['info', 'info'])
  }
  expect((await stop()).errors).toEqual([])
  expect(pool.ended).toBe(false)
  expect(await connections(pool)).toEqual(pids)
  setUnwell('')
  expect((await put({ level: 'debug', name: 'three' })).outcome).toBe('committed')
  expect([logger.level, child.level]).toEqual(['debug', 'debug'])
  await expect.poll(() => pool.ended, { timeout: 20_000 }).toBe(true)
})
