import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import pg from 'pg'
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import type { Applier } from '../../src/api/applier.ts'
import { pgPool, type PgPoolOptions, type PgSlice } from '../../src/appliers/pg.ts'
import { startPostgres, usePostgres } from '../support/postgres.ts'
import { moduleHost } from './module-host.ts'

const server = usePostgres()
const SOON = { timeout: 20_000, interval: 20 }

const slice = (more: Partial<PgSlice> = {}): PgSlice => {
  const { host, port, user, password, database } = server()
  return Object.freeze({ host, port, user, password, database, max: 4, ...more })
}

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const setUp = (options?: PgPoolOptions) => {
  const host = moduleHost(pgPool(options))
  closers.push(() => host.end())
  return host
}

/** Counts the open connections of an application on the server. */
const connections = async (name: string): Promise<number> => {
  const client = new pg.Client(server().connectionString)
  await client.connect()
  const { rows } = await client.query('select count(*)::int as n from pg_stat_activity where application_name = $1', [
    name,
  ])
  await client.end()
  return rows[0].n
}

const sleepQuery = (seconds: number): string => `select pg_sleep(${seconds}), 42 as answer`

describe('pgPool', () => {
  it('checks a new pool with one connection, which then stays in the pool', async () => {
    const host = setUp()
    const next = await host.prepare(slice({ application_name: 'proved' }))
    expect(await connections('proved')).toBe(1)
    expect(next.generation.instance).toMatchObject({ totalCount: 1, idleCount: 1 })
    host.commit(next)
    const { rows } = await host.current.query('select 42 as answer')
    expect(rows).toEqual([{ answer: 42 }])
    expect(await connections('proved')).toBe(1)
  })

  it('accepts a connection string', async () => {
    const host = setUp()
    await host.replace({ connectionString: server().connectionString })
    expect((await host.current.query('select current_user as name')).rows).toEqual([{ name: server().user }])
  })

  it('rejects a wrong password while the old pool keeps serving, and leaves nothing open', async () => {
    const host = setUp()
    await host.replace(slice())
    const old = host.current
    const ends = vi.spyOn(pg.Pool.prototype, 'end')
    await expect(host.prepare(slice({ password: 'wrong', application_name: 'refused' }))).rejects.toMatchObject({
      code: '28P01',
    })
    expect(ends.mock.contexts).toHaveLength(1)
    expect(ends.mock.contexts[0]).toMatchObject({ ended: true, totalCount: 0 })
    ends.mockRestore()
    expect(await connections('refused')).toBe(0)
    expect(host.current).toBe(old)
    expect((await old.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect(host.reports).toEqual([])
  })

  it('rejects a pool whose probe fails', async () => {
    const host = setUp({ probe: 'select 1 from no_such_table' })
    await expect(host.prepare(slice({ application_name: 'probe' }))).rejects.toMatchObject({ code: '42P01' })
    await expect.poll(() => connections('probe'), SOON).toBe(0)
  })

  it('accepts a slice whose TLS settings are frozen, and does not change them', async () => {
    const host = setUp()
    const ssl = Object.freeze({ key: 'not a key', ca: Object.freeze(['not a certificate']), rejectUnauthorized: true })
    // The server has no TLS, so this error shows that the pool was made.
    await expect(host.prepare(slice({ ssl }))).rejects.toThrow('does not support SSL')
    expect(Object.keys(ssl)).toContain('key')
  })

  it('takes settings that are not plain data from its options, and the slice overrides them', async () => {
    const types = { getTypeParser: () => () => 'parsed' }
    const host = setUp({ pool: { types, user: 'nobody-of-that-name', password: () => server().password } })
    await host.replace(slice({ password: undefined }))
    expect((await host.current.query('select 1 as one')).rows).toEqual([{ one: 'parsed' }])
  })

  it('checks the pool with its probe during the soak', async () => {
    const host = setUp()
    const next = await host.prepare(slice())
    const { signal } = new AbortController()
    await expect(next.generation.check?.(signal)).resolves.toBeUndefined()
    expect(next.generation.instance).toMatchObject({ totalCount: 1, idleCount: 1 })
    await host.close(next)
  })

  it('releases the client if a check is aborted while it waits for one', async () => {
    const host = setUp()
    const next = await host.prepare(slice({ max: 1 }))
    host.commit(next)
    const held = await host.current.connect()
    const checking = next.generation.check?.(AbortSignal.timeout(50))
    await expect(checking).rejects.toMatchObject({ name: 'TimeoutError' })
    held.release()
    expect((await host.current.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await expect.poll(() => host.current.idleCount, SOON).toBe(1)
  })

  it('removes the client of a check that is aborted during its query', async () => {
    const host = setUp({ probe: 'select pg_advisory_xact_lock(7)' })
    const next = await host.prepare(slice({ max: 1 }))
    host.commit(next)
    const blocker = new pg.Client(server().connectionString)
    await blocker.connect()
    closers.push(() => blocker.end())
    await blocker.query('select pg_advisory_lock(7)')
    await expect(next.generation.check?.(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' })
    expect((await host.current.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('refuses an invalid delay', () => {
    expect(() => pgPool({ connectMs: 0 })).toThrow('reloader.invalid-option')
    expect(() => pgPool({ drainMs: Number.NaN })).toThrow('reloader.invalid-option')
  })

  it('makes an applier for any needs', () => {
    expectTypeOf(pgPool()).toEqualTypeOf<Applier<PgSlice, pg.Pool>>()
    expectTypeOf<{ readonly host: string; readonly ssl: { readonly ca: readonly string[] } }>().toExtend<PgSlice>()
  })
})

describe('pgPool with a server that accepts and never answers', () => {
  const blackHole = async (): Promise<{ readonly port: number; readonly sockets: Set<Socket> }> => {
    const sockets = new Set<Socket>()
    const listener = createServer((socket) => {
      sockets.add(
        socket
          .on('error', () => undefined)
          .on('close', () => sockets.delete(socket))
          .resume(),
      )
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    closers.push(() => {
      for (const socket of sockets) socket.destroy()
      listener.close()
    })
    return { port: (listener.address() as AddressInfo).port, sockets }
  }

  it('ends the wait after connectMs', async () => {
    const hole = await blackHole()
    const host = setUp({ connectMs: 100 })
    await expect(host.prepare(slice({ port: hole.port }))).rejects.toThrow(/timeout/)
    await expect.poll(() => hole.sockets.size, SOON).toBe(0)
  })

  it('ends the wait after the connectionTimeoutMillis of the slice, if it has one', async () => {
    const hole = await blackHole()
    const host = setUp({ connectMs: 2 ** 31 - 1 })
    await expect(host.prepare(slice({ port: hole.port, connectionTimeoutMillis: 100 }))).rejects.toThrow(/timeout/)
  })

  it('waits longer than connectMs if the slice has a longer connectionTimeoutMillis', async () => {
    const slow = createServer((socket) => {
      const onward = connect(server().port, server().host)
      setTimeout(() => socket.pipe(onward).pipe(socket), 200)
      for (const end of [socket, onward]) end.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    closers.push(() => slow.close())
    const host = setUp({ connectMs: 20 })
    const { port } = slow.address() as AddressInfo
    await host.replace(slice({ port, connectionTimeoutMillis: 20_000 }))
    expect((await host.current.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('cuts the connection as soon as the signal aborts', async () => {
    const hole = await blackHole()
    const host = setUp({ connectMs: 2 ** 31 - 1, drainMs: 2 ** 31 - 1 })
    const deadline = new AbortController()
    const prepared = host.prepare(slice({ port: hole.port }), deadline.signal)
    const refused = expect(prepared).rejects.toThrow('aborted')
    await expect.poll(() => hole.sockets.size, SOON).toBe(1)
    deadline.abort(new Error('aborted'))
    await refused
    await expect.poll(() => hole.sockets.size, SOON).toBe(0)
  })
})

describe('A replaced pool', () => {
  it('answers the queries that still wait for a client', async () => {
    const host = setUp()
    await host.replace(slice({ max: 1, application_name: 'draining' }))
    const queries = Array.from({ length: 6 }, () => host.current.query(sleepQuery(0.05)))
    const old = host.current
    expect(old.waitingCount).toBeGreaterThan(3)
    await host.replace(slice())
    const results = await Promise.all(queries)
    expect(results.map(({ rows }) => rows[0].answer)).toEqual([42, 42, 42, 42, 42, 42])
    expect(old.ended).toBe(true)
    await expect.poll(() => connections('draining'), SOON).toBe(0)
    expect(host.reports).toEqual([])
  })

  it('answers a query that was sent in the same turn and has no client yet, although one is idle', async () => {
    const host = setUp()
    await host.replace(slice())
    const next = await host.prepare(slice())
    const query = host.current.query('select 1 as one')
    expect(host.current).toMatchObject({ waitingCount: 1, idleCount: 1 })
    await host.close(host.commit(next))
    expect((await query).rows).toEqual([{ one: 1 }])
  })

  it('waits for clients that are checked out', async () => {
    const host = setUp()
    await host.replace(slice())
    const client = await host.current.connect()
    const replaced = vi.fn()
    const replacing = host.replace(slice()).then(replaced)
    await client.query('begin')
    await client.query(sleepQuery(0.1))
    await client.query('commit')
    expect(replaced).not.toHaveBeenCalled()
    client.release()
    await replacing
  })

  it('rejects running and waiting queries after drainMs', async () => {
    const host = setUp({ drainMs: 200 })
    await host.replace(slice({ max: 2, application_name: 'cut' }))
    const queries = Array.from({ length: 1_000 }, () =>
      host.current.query(sleepQuery(60)).then(
        () => 'done',
        () => 'rejected',
      ),
    )
    const old = host.current
    await expect.poll(() => old.waitingCount, SOON).toBe(998)
    await host.replace(slice())
    expect(new Set(await Promise.all(queries))).toEqual(new Set(['rejected']))
    await expect.poll(() => old.ended, SOON).toBe(true)
    expect(host.reports).toMatchObject([{ name: 'TimeoutError' }])
    // The server notices a cut connection only at its next write, so the query is ended here.
    await host.current.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut'")
    await expect.poll(() => connections('cut'), SOON).toBe(0)
  })

  it('does not wait for a client that is never released', async () => {
    const host = setUp({ drainMs: 50 })
    await host.replace(slice({ max: 1, application_name: 'kept' }))
    const old = host.current
    const kept = await old.connect()
    const waiting = old.query('select 1').catch((error: unknown) => error)
    await host.replace(slice())
    await expect.poll(() => connections('kept'), SOON).toBe(0)
    kept.release()
    expect(await waiting).toEqual(new Error('The pool is closed'))
    await expect.poll(() => old.ended, SOON).toBe(true)
  })
})

describe('pgPool under 50 concurrent queries', () => {
  it.each([
    ['current.query', (host: ReturnType<typeof setUp>) => host.current.query('select 42 as answer')],
    [
      'leases',
      (host: ReturnType<typeof setUp>) =>
        host.use(async (pool) => {
          await pool.query('select 1')
          return pool.query('select 42 as answer')
        }),
    ],
  ])(
    'loses none over 200 changes, through %s',
    async (name, ask) => {
      const host = setUp()
      const application_name = `hammer ${name}`
      await host.replace(slice({ max: 5, application_name }))
      let isOver = false
      let answered = 0
      const worker = async (): Promise<void> => {
        while (!isOver) {
          expect((await ask(host)).rows).toEqual([{ answer: 42 }])
          answered++
        }
      }
      const workers = Promise.all(Array.from({ length: 50 }, worker))
      for (let change = 0; change < 200; change++) {
        await Promise.race([host.replace(slice({ max: 1 + (change % 3), application_name })), workers])
      }
      isOver = true
      await workers
      expect(answered).toBeGreaterThan(500)
      expect(host.reports).toEqual([])
      await host.end()
      await expect.poll(() => connections(application_name), SOON).toBe(0)
    },
    300_000,
  ) // each change opens real connections, and the machine may be busy
})

describe('pgPool whose server dies', () => {
  it.each(['idle', 'checked out'])(
    'reports the lost connection of an %s client once, and throws nothing',
    async (state) => {
      const doomed = await startPostgres()
      closers.push(() => doomed.stop())
      const host = setUp({ drainMs: 100 })
      await host.replace({ connectionString: doomed.connectionString })
      const client = state === 'idle' ? undefined : await host.current.connect()
      process.kill(doomed.pid, 'SIGKILL')
      await expect.poll(() => host.reports.length, SOON).toBeGreaterThan(0)
      expect(new Set(host.reports).size).toBe(host.reports.length)
      await expect(host.current.query('select 1')).rejects.toThrow()
      client?.release()
      await host.end()
    },
  )
})
