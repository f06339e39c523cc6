import { type Applier, createReloader, defineApplier } from 'changeover'
import { inspector, type InspectorOptions } from 'changeover/inspect'
import { memorySource } from 'changeover/testing'
import { onTestFinished } from 'vitest'
import { z } from 'zod'

/** Appears in configs and in the errors of modules. It must never appear on the page. */
export const SECRET = 'hunter2-s3cr3t-9f1c'

const Config = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn']) }),
  db: z.strictObject({ host: z.string(), password: z.string(), max: z.number().int() }),
  cache: z.strictObject({ intervalMs: z.number().int() }),
  routes: z.strictObject({ target: z.string() }),
})
export type Config = z.infer<typeof Config>

const config: Config = {
  log: { level: 'info' },
  db: { host: 'db.internal', password: SECRET, max: 5 },
  cache: { intervalMs: 30_000 },
  routes: { target: 'blue' },
}

/** Makes the db module's prepare fail with an error that contains the secret. */
export const BAD_MAX = 13
/** Makes the routes module's apply fail, and its undo as well. */
export const BAD_TARGET = 'nowhere'

const quick = <Slice>(): Applier<Slice> => ({ prepare: () => ({ instance: undefined }) })

const database: Applier<Config['db'], { readonly max: number }> = {
  prepare: async ({ max, password, host }) => {
    await new Promise((resolve) => setTimeout(resolve, 15))
    if (max === BAD_MAX) throw new Error(`connect to postgres://app:${password}@${host} failed`)
    return { instance: { max }, check: async () => {}, close: async () => {} }
  },
}

const routes = () => {
  let isBroken = false
  return defineApplier<Config['routes']>({
    apply: ({ target }) => {
      if (target === BAD_TARGET) isBroken = true
      if (isBroken) throw new Error(`no route to ${target} with ${SECRET}`)
      return Promise.resolve()
    },
  })
}

/** Starts a service with four modules and an in-memory source, and its inspector. Stops both after the test. */
export const startService = async (options: Omit<InspectorOptions, 'reloader'> = {}, initial: Config = config) => {
  const source = memorySource(JSON.stringify(initial))
  const reloader = createReloader({
    source,
    schema: Config,
    public: ['log', 'cache'],
    service: { name: 'shop', version: '1.4.2', host: 'web-7' },
    soak: 60,
    repair: { minMs: 60_000, maxMs: 60_000 },
  })
    .use('logger', (c) => c.log, quick<Config['log']>())
    .use('db', (c) => c.db, database, { after: ['logger'] })
    .use('cache', (c) => c.cache, quick<Config['cache']>(), { after: ['db'] })
    .use('routes', (c) => c.routes, routes(), { after: ['db'] })
  const inspected = await inspector({ reloader, ...options })
  onTestFinished(async () => {
    await inspected.close()
    await reloader.close()
  })
  await reloader.start()
  const put = (change: (next: Config) => void): void => {
    const next = structuredClone(config)
    change(next)
    source.put(JSON.stringify(next))
  }
  return { reloader, source, inspected, put, url: inspected.url }
}
