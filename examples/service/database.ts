import { startPostgres } from '../support/embedded-postgres.ts'
import type { Config } from './config.ts'

export interface Database {
  /** `postgres://user:password@host:port/database`; secret. */
  readonly address: string
  readonly close: () => Promise<void>
}

/** Uses the server at `address`. Without an address, starts a real PostgreSQL, which `close` removes. */
export const openDatabase = async (address: string | undefined): Promise<Database> => {
  if (address === undefined || address === '') {
    const server = await startPostgres()
    return { address: server.connectionString, close: server.stop }
  }
  if (!URL.canParse(address)) throw new Error('DATABASE_URL is not a URL like postgres://user@127.0.0.1:5432/postgres')
  return { address, close: async () => {} }
}

/** Adds the credentials of the document to the address, which is not part of the document. */
export const withCredentials = (address: string, { user, password }: Config['db']): string => {
  const url = new URL(address)
  // As parameters, since pg prefers those to the part before the host.
  if (user !== undefined) url.searchParams.set('user', user)
  if (password !== undefined) url.searchParams.set('password', password)
  return url.href
}
