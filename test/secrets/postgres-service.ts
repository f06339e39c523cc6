import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReloader, type TransactionRecord } from 'changeover'
import { pgPool } from 'changeover/pg'
import { secretFiles } from 'changeover/secrets'
import { memorySource } from 'changeover/testing'
import pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { z } from 'zod'
import type { EmbeddedPostgres } from '../support/postgres.ts'

export const SOON = { timeout: 60_000, interval: 10 }
const CLIENTS = 50

const Config = z.strictObject({
  db: z.strictObject({
    host: z.string(),
    port: z.number(),
    user: z.string(),
    password: z.string(),
    database: z.string(),
    max: z.number(),
    idleTimeoutMillis: z.number(),
  }),
})

/** Serves a pool whose password is a file, while 50 clients query it without a pause until the test ends. */
export const servePool = async (server: EmbeddedPostgres, user: string) => {
  const asAdmin = async (statement: string): Promise<void> => {
    const admin = new pg.Client(server.connectionString)
    await admin.connect()
    await admin.query(statement)
    await admin.end()
  }
  const folder = await mkdtemp(join(tmpdir(), 'secrets-'))
  const write = async (password: string): Promise<void> => {
    await writeFile(join(folder, 'new'), `${password}\n`)
    await rename(join(folder, 'new'), join(folder, 'db-password'))
  }
  await asAdmin(`create role ${user} login password 'first'`)
  await write('first')
  const { host, port, database } = server
  const db = { host, port, database, user, password: { $secret: 'file:db-password' }, max: 10, idleTimeoutMillis: 0 }
  const reloader = createReloader({
    source: memorySource({ db } as never),
    schema: Config,
    secrets: { file: secretFiles(folder) },
    quarantine: { minMs: 100, maxMs: 200 },
  }).use('db', (config) => config.db, pgPool())
  const records: TransactionRecord[] = []
  const collecting = (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  await reloader.start()
  let isRunning = true
  let answers = 0
  const errors: unknown[] = []
  const client = async (): Promise<void> => {
    while (isRunning) {
      try {
        await reloader.modules.db.use((pool) => pool.query('select 1'))
        answers += 1
      } catch (error) {
        errors.push(error)
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
    await rm(folder, { recursive: true, force: true })
  })
  /** Until the pool that serves has all its connections, so that it needs no new one while the password changes. */
  const isFull = async (): Promise<void> => {
    const { current } = reloader.modules.db
    await expect.poll(() => current.totalCount, SOON).toBe(10)
    const until = answers + CLIENTS
    await expect.poll(() => answers, SOON).toBeGreaterThanOrEqual(until)
  }
  await isFull()
  return {
    records,
    errors,
    write,
    isFull,
    answers: () => answers,
    alterRole: (password: string) => asAdmin(`alter role ${user} password '${password}'`),
    serves: async (password: string) => {
      await expect.poll(() => reloader.config.db.password, SOON).toBe(password)
      await isFull()
    },
    outcomes: () => records.map(({ trigger, outcome }) => `${trigger} ${outcome}`),
  }
}
