import { createReloader, type ReloaderOptions } from 'changeover'
import { logLevel, resource, timer } from 'changeover/appliers'
import { pino } from 'pino'
import { z } from 'zod'

/** The config of a small real service: what three modules follow, and when it was written. */
export const Config = z.strictObject({
  /** Nanoseconds of the system's monotonic clock, as text: taken by the writer just before the put. */
  at: z.string(),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn']) }),
  cache: z.strictObject({ intervalMs: z.number() }),
  client: z.strictObject({ size: z.number() }),
})

export type Config = z.infer<typeof Config>

/** A document in which all three modules differ from the one of `version - 1`. */
export const documentOf = (version: number, at: bigint | string = ''): string =>
  JSON.stringify({
    at: String(at),
    log: { level: version % 2 === 0 ? 'info' : 'warn' },
    cache: { intervalMs: 3_600_000 + (version % 1_000) },
    client: { size: version },
  } satisfies Config)

/** What stands for a pool or a client: opened, checked and closed. */
export interface Client {
  readonly size: number
  isOpen: boolean
}

/** Opened and closed clients; they must balance in the end. */
export const account = { opened: 0, closed: 0 }

const client = () =>
  resource<Config['client'], Client>({
    open: ({ size }) => {
      account.opened += 1
      return { size, isOpen: true }
    },
    close: (instance) => {
      instance.isOpen = false
      account.closed += 1
    },
  })

/** A reloader with a logger's level, a timer and a resource. */
export const threeModules = (options: Omit<ReloaderOptions<Config>, 'schema'>) => {
  const logger = pino({}, { write: () => undefined })
  return createReloader({ schema: Config, ...options })
    .use('logger', (config) => config.log, logLevel(logger))
    .use('client', (config) => config.client, client(), { after: ['logger'] })
    .use(
      'cache',
      (config) => config.cache,
      timer<Config['cache'], number>(() => 0, {}),
      { after: ['client'] },
    )
}
