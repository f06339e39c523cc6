import { createReloader } from 'changeover'
import { logLevel, timer } from 'changeover/appliers'
import { pgPool } from 'changeover/pg'
import { memorySource } from 'changeover/testing'
import type pg from 'pg'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { usePostgres } from '../support/postgres.ts'

const COMMITS = process.env.CHANGEOVER_LONG === '1' ? 200 : 80

const server = usePostgres()

const Config = z.strictObject({
  log: z.strictObject({ level: z.string() }),
  db: z.strictObject({ max: z.number(), password: z.string() }),
  cache: z.strictObject({ intervalMs: z.number() }),
})

interface Row {
  readonly stamp: string
}

/** Starts a real reloader with a logger, a real pool, and a cache that is warmed through the pool. */
const start = async () => {
  const { host, port, user, password, database } = server()
  const documentOf = (version: number) => ({
    log: { level: version % 2 === 0 ? 'info' : 'debug' },
    db: { max: 3 + (version % 2), password },
    cache: { intervalMs: 60_000 + version },
  })
  const source = memorySource(documentOf(0))
  const logger = pino({ level: 'silent' })
  const warmed: { readonly pool: pg.Pool; readonly serving: pg.Pool | undefined }[] = []
  const reloader = createReloader({ source, schema: Config })
    .use('logger', (c) => c.log, logLevel(logger))
    .use('db', (c) => ({ host, port, user, database, ...c.db }), pgPool(), { after: ['logger'] })
    .use(
      'cache',
      (c) => c.cache,
      timer(
        async ({ needs: { pool } }: { readonly needs: { readonly pool: pg.Pool } }) => {
          const isServing = reloader.status().modules.db?.state === 'serving'
          warmed.push({ pool, serving: isServing ? reloader.modules.db.current : undefined })
          const { rows } = await pool.query<Row>('select now()::text as stamp')
          return rows
        },
        { warm: true },
      ),
      { needs: { pool: 'db' } },
    )
  await reloader.start()
  return { reloader, source, logger, documentOf, warmed }
}

test(`${COMMITS} commits lose none of 50 concurrent queries, through current and through use`, async () => {
  const { reloader, source, documentOf, warmed, logger } = await start()
  const { db, cache } = reloader.modules
  let isOver = false
  let answered = 0
  const errors: unknown[] = []
  const query = async (run: () => Promise<pg.QueryResult>): Promise<void> => {
    while (!isOver) {
      await run().then(
        ({ rows }) => {
          answered += rows.length
        },
        (error: unknown) => errors.push(error),
      )
    }
  }
  const workers = Array.from({ length: 50 }, (_, index) =>
    query(
      index % 2 === 0
        ? () => db.current.query('select 1 as one')
        : () => db.use((pool) => pool.query('select 1 as one')),
    ),
  )
  source.silence()
  for (let version = 1; version <= COMMITS; version++) {
    source.put(documentOf(version))
    expect(await reloader.reload()).toMatchObject({ outcome: 'committed' })
    expect(db.current.options.max).toBe(reloader.config.db.max)
    expect(logger.level).toBe(reloader.config.log.level)
    // The cache was warmed through the pool that serves now, before that pool served.
    expect(warmed.at(-1)?.pool).toBe(db.current)
    expect(warmed.at(-1)?.serving).not.toBe(db.current)
    expect(cache.current.last).toHaveLength(1)
  }
  isOver = true
  await Promise.all(workers)
  expect(errors).toEqual([])
  expect(answered).toBeGreaterThan(COMMITS)
  await vi.waitFor(() => expect(reloader.status().modules.db).toMatchObject({ live: 1, leaked: 0 }), {
    timeout: 60_000,
  })
  await reloader.close()
  expect(reloader.status().modules.db).toMatchObject({ opened: COMMITS + 1, closed: COMMITS + 1, live: 0, leaked: 0 })
}, 300_000)

test('G8 a wrong password rolls all three modules back to the same pool, timer and level', async () => {
  const { reloader, source, documentOf, logger } = await start()
  const { db, cache } = reloader.modules
  const before = [db.current, cache.current, logger.level, reloader.config]
  const bad = documentOf(1)
  source.silence()
  source.put({ ...bad, db: { ...bad.db, password: 'not the password' } })
  const record = await reloader.reload()
  expect(record).toMatchObject({
    outcome: 'rolled-back',
    failures: [{ code: 'module.prepare-failed', module: 'db', cause: { code: '28P01' } }],
  })
  expect(JSON.stringify(record)).not.toContain('not the password')
  expect([db.current, cache.current, logger.level, reloader.config]).toEqual(before)
  expect(db.current).toBe(before[0])
  expect((await db.current.query('select 42 as answer')).rows).toEqual([{ answer: 42 }])
  await reloader.close()
})
