import { type } from 'arktype'
import { createReloader } from 'changeover'
import { resource } from 'changeover/appliers'
import { fileSource } from 'changeover/file'
import knex from 'knex'
import { pino } from 'pino'

const Config = type({
  page: { limit: '1 <= number.integer <= 100' },
  prices: { locale: 'string', currency: 'string == 3' },
  db: {
    host: 'string',
    port: '1 <= number.integer <= 65535',
    user: 'string',
    password: 'string >= 8',
    database: 'string',
    max: '1 <= number.integer <= 50',
  },
}).onDeepUndeclaredKey('reject')

export type Config = typeof Config.infer

/** A pool answers before anything changes, and the old one is destroyed after the requests that use it. */
const database = resource({
  open: ({ max, ...connection }: Config['db']) => knex({ client: 'pg', connection, pool: { min: 0, max } }),
  check: (db) => db.raw('select 1'),
  close: (db) => db.destroy(),
})

export const createShop = (path: string) =>
  createReloader({ source: fileSource({ path }), schema: Config, logger: pino(), public: ['page', 'prices'] })
    .use('db', (config) => config.db, database)
    .use('prices', (config) => config.prices, {
      // Stands for what takes time to prepare. An unknown locale or currency fails here, before anything changes.
      prepare: ({ locale, currency }) => ({ instance: new Intl.NumberFormat(locale, { style: 'currency', currency }) }),
    })
