import { type Applier, createReloader } from 'changeover'
import { logLevel } from 'changeover/appliers'
import { etcdSource } from 'changeover/etcd'
import { fileSource } from 'changeover/file'
import type { FastifyBaseLogger } from 'fastify'
import { z } from 'zod'

const Config = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']) }),
  page: z.strictObject({ limit: z.int().min(1).max(100) }),
  prices: z.strictObject({ locale: z.string(), currency: z.string().length(3) }),
  payments: z.strictObject({ key: z.string().min(20) }).optional(),
})

type Prices = z.infer<typeof Config>['prices']

/** Stands for what takes time to prepare: a client, a cache. An unknown locale or currency fails here, before anything changes. */
const priceFormat = (): Applier<Prices, Intl.NumberFormat> => ({
  prepare: ({ locale, currency }) => ({ instance: new Intl.NumberFormat(locale, { style: 'currency', currency }) }),
})

/** A key of etcd, or a file. */
const sourceOf = ({ ETCD_HOSTS, ETCD_KEY = '/shop/config', CONFIG_FILE = 'config.json' }: NodeJS.ProcessEnv) =>
  ETCD_HOSTS ? etcdSource({ hosts: ETCD_HOSTS.split(','), key: ETCD_KEY }) : fileSource({ path: CONFIG_FILE })

/** Makes the reloader of the shop. It logs to Fastify's logger, and sets its level. */
export const createShop = (env: NodeJS.ProcessEnv, logger: FastifyBaseLogger) =>
  createReloader({ source: sourceOf(env), schema: Config, logger, public: ['page', 'prices'] })
    .use('logger', (config) => config.log, logLevel(logger))
    .use('prices', (config) => config.prices, priceFormat(), { after: ['logger'] })

declare module 'changeover/request' {
  interface Register {
    readonly reloader: ReturnType<typeof createShop>
  }
}
