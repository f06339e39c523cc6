import type pg from 'pg'
import { expect, it } from 'vitest'
import { trackConnections } from '../../src/appliers/pg-connections.ts'

/** What pg has made of the options. */
const seen = (client: pg.Client) => {
  const { host, port, user, database, password } = client
  const { _connectionTimeoutMillis: limit } = client as unknown as { readonly _connectionTimeoutMillis: number }
  return { host, port, user, database, password, limit }
}

it('A connection has a limit to open in, however its options are given', () => {
  const { Client } = trackConnections(1_234)
  const parts = { host: '127.0.0.1', port: 5_433, user: 'app', database: 'shop', password: 'hidden' }
  const expected = { ...parts, limit: 1_234 }
  expect(seen(new Client('postgres://app:hidden@127.0.0.1:5433/shop'))).toEqual(expected)
  expect(seen(new Client({ connectionString: 'postgres://app:hidden@127.0.0.1:5433/shop' }))).toEqual(expected)
  expect(seen(new Client(parts))).toEqual(expected)
  expect(seen(new Client()).limit).toBe(1_234)
})

it('A connection keeps the limit that its options have, and a password that cannot be listed', () => {
  const { Client } = trackConnections(1_234)
  const options = { user: 'app', connectionTimeoutMillis: 99 }
  Object.defineProperty(options, 'password', { value: 'hidden', enumerable: false })
  expect(seen(new Client(options))).toMatchObject({ limit: 99, password: 'hidden' })
  const { connectionTimeoutMillis: _, ...unlimited } = options
  Object.defineProperty(unlimited, 'password', { value: 'hidden', enumerable: false })
  expect(seen(new Client(unlimited))).toMatchObject({ limit: 1_234, password: 'hidden' })
})
