import { createReloader, defineApplier } from 'changeover'
import { inspector } from 'changeover/inspect'
import { memorySource } from 'changeover/testing'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
/** Stands in configs and in what modules throw; nobody may ever see it. */
export const SECRET = 'hunter2-s3cr3t-9f1c'
const Config = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn']) }),
  db: z.strictObject({ host: z.string(), password: z.string(), max: z.number().int() }),
  cache: z.strictObject({ intervalMs: z.number().int() }),
  routes: z.strictObject({ target: z.string() }),
})
const config = {
  log: { level: 'info' },
  db: { host: 'db.internal', password: SECRET, max: 5 },
  cache: { intervalMs: 30000 },
  routes: { target: 'blue' },
}
/** Makes the db module's prepare fail, its error full of what must not be seen. */
export const BAD_MAX = 13
/** Makes the routes module's apply fail, and the undo after it too. */
export const BAD_TARGET = 'nowhere'
const quick = () => ({ prepare: () => ({ instance: undefined }) })
const database = {
  prepare: async ({ max, password, host }) => {
    await new Promise((resolve) => setTimeout(resolve, 15))
    if (max === BAD_MAX) throw new Error(`connect to postgres://app:${password}@${host} failed`)
    return { instance: { max }, check: async () => {}, close: async () => {} }
  },
}
const routes = () => {
  let broken = false
  return defineApplier({
    apply: ({ target }) => {
      if (target === BAD_TARGET) broken = true
      if (broken) throw new Error(`no route to ${target} with ${SECRET}`)
      return Promise.resolve()
    },
  })
}
/** A service of four modules on a source in memory, and its inspector; both end with the test. */
export const startService = async (options = {}, initial = config) => {
  const source = memorySource(JSON.stringify(initial))
  const reloader = createReloader({
    source,
    schema: Config,
    public: ['log', 'cache'],
    soak: 60,
    repair: { minMs: 60000, maxMs: 60000 },
  })
    .use('logger', (c) => c.log, quick())
    .use('db', (c) => c.db, database, { after: ['logger'] })
    .use('cache', (c) => c.cache, quick(), { after: ['db'] })
    .use('routes', (c) => c.routes, routes(), { after: ['db'] })
  const inspected = await inspector({ reloader, ...options })
  onTestFinished(async () => {
    await inspected.close()
    await reloader.close()
  })
  await reloader.start()
  const put = (change) => {
    const next = structuredClone(config)
    change(next)
    source.put(JSON.stringify(next))
  }
  return { reloader, source, inspected, put, url: inspected.url }
}
