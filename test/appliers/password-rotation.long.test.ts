import { createReloader, type TransactionRecord } from 'changeover'
import { pgPool } from 'changeover/pg'
import { memorySource } from 'changeover/testing'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { usePostgres } from '../support/postgres.ts'

const CLIENTS = 50
const SOON = { timeout: 60_000, interval: 10 }
const PATIENCE_MS = 120_000

const server = usePostgres()

const Config = z.strictObject({
  db: z.strictObject({
    host: z.string(),
    port: z.number(),
    user: z.string(),
    password: z.string(),
    database: z.string(),
    max: z.number(),
    maxUses: z.number(),
  }),
})

const asAdmin = async (...statements: readonly string[]): Promise<void> => {
  const admin = new pg.Client(server().connectionString)
  await admin.connect()
  for (const statement of statements) await admin.query(statement)
  await admin.end()
}

/** Serves a pool whose role is new, and lets 50 clients query it until the test ends. */
const serve = async (user: string) => {
  await asAdmin(`create role ${user} login password 'old'`)
  const { host, port, database } = server()
  // Connections are replaced all the time, so that the old pool soon has none that knows the old password.
  const configOf = (password: string) => ({ db: { host, port, database, user, password, max: 10, maxUses: 20 } })
  const source = memorySource(configOf('old'))
  const reloader = createReloader({ source, schema: Config, quarantine: { minMs: 100, maxMs: 200 } }).use(
    'db',
    (config) => config.db,
    pgPool(),
  )
  const records: TransactionRecord[] = []
  const collecting = (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  await reloader.start()
  let isRunning = true
  let answers = 0
  let hasConverged = false
  const errors: { readonly code: string; readonly hadConverged: boolean }[] = []
  const client = async (): Promise<void> => {
    while (isRunning) {
      const hadConverged = hasConverged // when the query began, since the old pool still rejects what waits in it
      try {
        await reloader.modules.db.use((pool) => pool.query('select 1'))
        answers += 1
      } catch (error) {
        errors.push({ code: String((error as { code?: unknown }).code), hadConverged })
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
  }
  const clients = Array.from({ length: CLIENTS }, client)
  onTestFinished(async () => {
    isRunning = false
    await Promise.all(clients)
    await reloader.close()
    await collecting
    await asAdmin(`drop role ${user}`)
  })
  const hasAnswered = async (more: number): Promise<void> => {
    const until = answers + more
    await expect.poll(() => answers, SOON).toBeGreaterThanOrEqual(until)
  }
  await hasAnswered(CLIENTS)
  return {
    records,
    errors,
    hasAnswered,
    publish: (password: string) => source.put(configOf(password)),
    rotate: (password: string) => asAdmin(`alter role ${user} password '${password}'`),
    converges: async () => {
      await expect.poll(() => reloader.config.db.password, SOON).toBe('new')
      await expect.poll(() => reloader.status().inSync, SOON).toBe(true)
      expect(reloader.status().quarantine).toEqual([])
      hasConverged = true
      await hasAnswered(10 * CLIENTS)
      expect(errors.filter(({ hadConverged }) => hadConverged)).toEqual([])
      expect(errors.filter(({ code }) => code !== '28P01')).toEqual([])
    },
  }
}

describe('A password of a real PostgreSQL with 50 clients', () => {
  it('is rotated by a document that comes before ALTER ROLE, without a call', { timeout: PATIENCE_MS }, async () => {
    const { records, errors, publish, rotate, converges } = await serve('document_first')
    publish('new')
    await expect.poll(() => records.length, SOON).toBeGreaterThan(1)
    expect(records[1]).toMatchObject({
      outcome: 'rolled-back',
      failures: [{ code: 'module.prepare-failed', module: 'db', cause: { code: '28P01' } }],
    })
    expect(errors).toEqual([]) // the old pool serves on
    await rotate('new')
    const rotatedAt = Date.now()
    await converges()
    // The next try after ALTER ROLE is the last one: no other that began since then has failed.
    const begun = records.filter(({ startedAt }) => startedAt > rotatedAt)
    expect(begun.filter(({ outcome }) => outcome === 'rolled-back')).toEqual([])
  })

  it('is rotated by a document that comes after ALTER ROLE, without a call', { timeout: PATIENCE_MS }, async () => {
    const { records, errors, publish, rotate, converges } = await serve('role_first')
    await rotate('new')
    await expect.poll(() => errors.length, SOON).toBeGreaterThan(0) // the old pool fails until the document comes
    publish('new')
    await converges()
    expect(records.map(({ outcome }) => outcome)).toEqual(['committed', 'committed'])
  })

  it('keeps what serves while it is wrong, however often it is tried', { timeout: PATIENCE_MS }, async () => {
    const { records, errors, hasAnswered, publish, rotate, converges } = await serve('wrong_for_long')
    publish('new')
    await expect.poll(() => records.filter(({ outcome }) => outcome === 'rolled-back').length, SOON).toBeGreaterThan(3)
    await hasAnswered(CLIENTS)
    expect(errors).toEqual([])
    await rotate('new')
    await converges()
  })
})
