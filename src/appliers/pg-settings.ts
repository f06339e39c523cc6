import { createSecureContext } from 'node:tls'
import type pg from 'pg'
import { permanent } from '../model/permanence.ts'
import type { PgSlice } from './pg-slice.ts'

const texts = ['connectionString', 'host', 'user', 'password', 'database', 'options', 'application_name'] as const

/** pg gives these errors no code. */
const timeouts = new Set([
  'timeout expired',
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
])

/**
 * Makes the settings of a pool from a slice. What no server and no network can mend is thrown as permanent.
 *
 * pg itself would throw for a user that is not text in the handler of an event, which ends the process.
 */
export const toPoolConfig = (slice: PgSlice): pg.PoolConfig => {
  for (const name of texts) {
    if (slice[name] !== undefined && typeof slice[name] !== 'string')
      throw permanent(new TypeError(`${name} is not text`))
  }
  // A clone, since pg writes to its options and the slice is frozen. An undefined setting would hide pg's default.
  return Object.fromEntries(Object.entries(structuredClone(slice)).filter(([, value]) => value !== undefined))
}

/** Adds what an error of pg lacks: the code of a time-out, and that no server and no wait can mend the settings. */
export const describeError = (error: unknown, { ssl }: PgSlice): unknown => {
  const { code, message } = error instanceof Error ? (error as Error & { readonly code?: unknown }) : {}
  if (code === undefined && timeouts.has(String(message))) return Object.assign(error as Error, { code: 'ETIMEDOUT' })
  const isInvalid = code === 'ERR_SOCKET_BAD_PORT' || code === 'ERR_INVALID_URL' || !isUsable(ssl)
  return isInvalid ? permanent(error) : error
}

/** False for a key, a certificate or a version that OpenSSL takes from nobody: they are texts, not files. */
const isUsable = (ssl: PgSlice['ssl']): boolean => {
  if (typeof ssl !== 'object' || ssl === null) return true
  const { ca, cert, key, passphrase, minVersion } = ssl
  const given = Object.entries({ ca, cert, key, passphrase, minVersion }).filter(([, value]) => value !== undefined)
  try {
    createSecureContext(structuredClone(Object.fromEntries(given)))
    return true
  } catch {
    return false
  }
}
