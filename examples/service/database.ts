import { startPostgres } from '../support/embedded-postgres.ts'
import type { Config } from './config.ts'

export interface Database {
  /** `postgres://user:password@host:port/database`; secret. */
  readonly address: string
  readonly close: () => Promise<void>
}

/** The server at `address`; without one, a real PostgreSQL of our own, which is gone after `close`. */
export const openDatabase = async (address: string | undefined): Promise<Database> => {
  if (address === undefined || address === '') {
    const server = await startPostgres()
    return { address: server.connectionString, close: server.stop }
  }
  if (!URL.canParse(address)) throw new Error('DATABASE_URL is not a URL like postgres://user@127.0.0.1:5432/postgres')
  return { address, close: async () => {} }
}

/** The address with the credentials of the document: where the server stands is not the document's business. */
export const withCredentials = (address: string, { user, password }: Config['db']): string => {
  const url = new URL(address)
  // As parameters, which pg prefers to the part before the host.
  if (user !== undefined) url.searchParams.set('user', user)
  if (password !== undefined) url.searchParams.set('password', password)
  return url.href
}
