import { createServer, type AddressInfo, type Socket } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { logLevel, resource, timer } from '../../src/appliers/index.ts'
import { pgPool, type PgSlice } from '../../src/appliers/pg.ts'
import { isPermanent, permanent, transient } from '../../src/model/permanence.ts'
import { moduleHost } from './module-host.ts'

/** Starts a server that accepts connections, agrees to TLS, and then says nothing. */
const silentServer = async (): Promise<number> => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (request) => {
      if (request.length === 8) socket.write('S')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Prepares a pool, which must fail, and returns its error. */
const failing = async (slice: PgSlice): Promise<{ readonly code?: string }> => {
  const host = moduleHost(pgPool({ connectMs: 100 }))
  const error = await host.prepare(slice).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(Error)
  return error as { readonly code?: string }
}

const nothingListens = { host: '127.0.0.1', port: 1 }

describe('A failure of pgPool', () => {
  const lasting: Readonly<Record<string, object>> = {
    'a port that is too high': { host: '127.0.0.1', port: 70_000 },
    'a negative port': { host: '127.0.0.1', port: -1 },
    'a port that is no number': { host: '127.0.0.1', port: 'abc' },
    'a connection string that is no address': { connectionString: 'postgres://[::1' },
    'a connection string with an impossible port': { connectionString: 'postgres://u@h:99999999/db' },
    'a key that is no key': { ...nothingListens, ssl: { key: 'not a key' } },
    'a certificate that is none': { ...nothingListens, ssl: { cert: 'not a certificate' } },
    'a TLS version that does not exist': { ...nothingListens, ssl: { minVersion: 'TLSv9' } },
    'a user that is a number': { ...nothingListens, user: 5 },
    'a password that is an object': { ...nothingListens, password: { value: 'x' } },
    'a database that is a list': { ...nothingListens, database: ['a'] },
    'a host that is true': { host: true },
    'options that are null': { ...nothingListens, options: null },
  }
  it.each(Object.keys(lasting))('is permanent for %s', async (name) => {
    expect(isPermanent(await failing(lasting[name] as PgSlice))).toBe(true)
  })

  const passing: Readonly<Record<string, PgSlice>> = {
    'a server that is not there': nothingListens,
    'a name that nobody knows yet': { host: 'database.invalid' },
    'a socket file that does not exist yet': { host: '/no/such/folder' },
    'a certificate file that does not exist yet': {
      connectionString: 'postgres://u@127.0.0.1:1/db?sslrootcert=/no/such/ca.pem',
    },
  }
  it.each(Object.keys(passing))('is not permanent for %s', async (name) => {
    expect(isPermanent(await failing(passing[name] as PgSlice))).toBe(false)
  })

  it('has a code if the server accepts the connection and then says nothing', async () => {
    const port = await silentServer()
    const own = await failing({ host: '127.0.0.1', port })
    const ofSlice = await failing({ host: '127.0.0.1', port, connectionTimeoutMillis: 50 })
    const withTls = await failing({ host: '127.0.0.1', port, ssl: true })
    expect([own.code, ofSlice.code, withTls.code]).toEqual(['ETIMEDOUT', 'ETIMEDOUT', 'ETIMEDOUT'])
    expect([own, ofSlice, withTls].map(isPermanent)).toEqual([false, false, false])
  })
})

describe('A failure of resource', () => {
  const failed = async (open: (slice: string) => unknown): Promise<unknown> =>
    moduleHost(resource({ open, close: () => {} }))
      .prepare('slice')
      .catch((error: unknown) => error)

  it('is permanent if Node refuses an argument at once', async () => {
    expect(isPermanent(await failed((slice) => new URL(slice)))).toBe(true)
    expect(isPermanent(await failed(() => Buffer.alloc(-1)))).toBe(true)
    expect(isPermanent(await failed(() => createServer().listen(70_000)))).toBe(true)
  })

  it('is not permanent otherwise', async () => {
    const fail = (error: unknown) => (): never => {
      throw error
    }
    expect(isPermanent(await failed(fail(new TypeError('fetch failed'))))).toBe(false)
    expect(isPermanent(await failed(fail('text')))).toBe(false)
    expect(isPermanent(await failed(fail(undefined)))).toBe(false)
    expect(isPermanent(await failed(async (slice) => new URL(slice)))).toBe(false) // the text may come from elsewhere
    expect(isPermanent(await failed(() => import('node:fs').then((fs) => fs.readFileSync('/no/such/file'))))).toBe(
      false,
    )
  })

  it('is what open, check and close declare', async () => {
    expect(isPermanent(await failed(() => Promise.reject(permanent(new Error('declared')))))).toBe(true)
    expect(isPermanent(await failed(() => Promise.reject(transient(new Error('declared')))))).toBe(false)
    const checked = resource({
      open: () => 1,
      check: () => {
        throw permanent(new Error('declared'))
      },
      close: () => {},
    })
    expect(
      isPermanent(
        await moduleHost(checked)
          .prepare('slice')
          .catch((error: unknown) => error),
      ),
    ).toBe(true)
  })
})

it('A level that the logger does not know, and an interval that no timer can hold, are permanent', async () => {
  const level = logLevel(pino({ write: () => {} }))
  expect(
    isPermanent(
      await moduleHost(level)
        .prepare('loud')
        .catch((error: unknown) => error),
    ),
  ).toBe(true)
  const interval = timer(() => {})
  expect(
    isPermanent(
      await moduleHost(interval)
        .prepare({ intervalMs: -1 })
        .catch((error: unknown) => error),
    ),
  ).toBe(true)
})
