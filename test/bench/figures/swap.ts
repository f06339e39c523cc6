import { createReloader } from 'changeover'
import { pgPool } from 'changeover/pg'
import { memorySource } from 'changeover/testing'
import pg from 'pg'
import { z } from 'zod'
import { startPostgres } from '../../../examples/support/embedded-postgres.ts'
import type { Figure } from '../figure.ts'
import { median } from '../stats.ts'

const CLIENTS = 50
const MAX = 5
const NAME = 'changeover-bench'

const Config = z.object({
  db: z.object({ connectionString: z.string(), max: z.number(), application_name: z.string() }),
})

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Clients that ask again as soon as they have their answer; one query in ten takes some milliseconds. */
const startClients = (ask: (text: string) => Promise<unknown>) => {
  const counts = { asked: 0, failed: 0 }
  let isOver = false
  const client = async (number: number): Promise<void> => {
    for (let turn = number; !isOver; turn++) {
      counts.asked += 1
      await ask(turn % 10 === 0 ? 'select pg_sleep(0.005)' : 'select 1').catch(() => {
        counts.failed += 1
        return sleep(5)
      })
    }
  }
  const running = Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)))
  return {
    counts,
    stop: async () => {
      isOver = true
      await running
    },
  }
}

export const figure: Figure = {
  title: `pool swaps under ${CLIENTS} concurrent queries on a real PostgreSQL`,
  floor: '',
  run: async (scale) => {
    const swaps = scale === 'full' ? 1_000 : 10
    const server = await startPostgres()
    const admin = new pg.Client({ connectionString: server.connectionString })
    await admin.connect()
    const count = 'select count(*)::int as open from pg_stat_activity where application_name like $1'
    const openConnections = async (): Promise<number> => (await admin.query(count, [`${NAME}%`])).rows[0].open
    const documentOf = (version: number) => ({
      db: { connectionString: server.connectionString, max: MAX, application_name: `${NAME}-${version}` },
    })
    const source = memorySource(documentOf(0))
    const reloader = createReloader({ source, schema: Config }).use('db', (config) => config.db, pgPool())
    try {
      await reloader.start()
      // As users of a pool do it: no lease, the query is the only hold.
      const clients = startClients((text) => reloader.modules.db.current.query(text))
      const took: number[] = []
      for (let version = 1; version <= swaps; version++) {
        source.put(documentOf(version))
        const { outcome, durationMs } = await reloader.reload()
        if (outcome !== 'committed') throw new Error(`Swap ${version} was ${outcome}`)
        took.push(durationMs)
      }
      const drained = performance.now() + 20_000
      const draining = () => (reloader.status().modules.db?.live ?? 0) > 1
      while (draining() && performance.now() < drained) await sleep(20)
      while ((await openConnections()) !== MAX && performance.now() < drained) await sleep(20)
      const open = await openConnections()
      await clients.stop()
      const { asked, failed } = clients.counts
      const { leaked = 0 } = reloader.status().modules.db ?? {}
      return [
        {
          name: 'failed queries',
          unit: `of ${asked}`,
          value: failed,
          goal: '0',
          isMet: failed === 0,
          note: `${swaps} swaps, ${median(took).toFixed(1)} ms each`,
        },
        {
          name: 'connections after it',
          unit: `open, the pool's max is ${MAX}`,
          value: open,
          goal: `= ${MAX}`,
          isMet: open === MAX && leaked === 0,
          note: `${leaked} pools leaked`,
        },
      ]
    } finally {
      await reloader.close()
      await admin.end()
      await server.stop()
    }
  },
}
