import { createReloader, type QuarantineOptions, type Schema, type Source } from 'changeover'
import { logLevel, timer, type TimerRun, type TimerSlice } from 'changeover/appliers'
import { pgPool } from 'changeover/pg'
import type pg from 'pg'
import type { Logger } from 'pino'
import { Config } from './config.ts'
import { withCredentials } from './database.ts'

export interface ServiceOptions {
  readonly source: Source
  /** The address of the database; secret. */
  readonly address: string
  readonly logger: Logger
  readonly schema?: Schema<Config>
  readonly quarantine?: QuarantineOptions
}

/** Creates a reloader whose modules change together or not at all. It is not started yet. */
export const createService = ({ source, address, logger, schema = Config, quarantine = {} }: ServiceOptions) =>
  createReloader({ source, schema, logger, quarantine, public: ['log', 'cache', 'db.max'] })
    .use('logger', ({ log }) => log, logLevel(logger))
    .use('db', ({ db }) => ({ connectionString: withCredentials(address, db), max: db.max }), pgPool(), {
      after: ['logger'],
    })
    .use('cache', ({ cache }) => cache, timer(readSettings(logger), { warm: true }), { needs: { pool: 'db' } })

export type Service = ReturnType<typeof createService>

/** Makes the task of the cache. It reads the settings of the database server, which every server allows. */
const readSettings =
  (logger: Logger) =>
  async ({ needs: { pool } }: TimerRun<TimerSlice, { readonly pool: pg.Pool }>): Promise<readonly Setting[]> => {
    const { rows } = await pool.query<Setting>('select name, setting from pg_settings')
    logger.debug({ rows: rows.length }, 'cache refreshed')
    return rows
  }

interface Setting {
  readonly name: string
  readonly setting: string
}
