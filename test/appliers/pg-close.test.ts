import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { pgPool } from '../../src/appliers/pg.ts'
import { usePostgres } from '../support/postgres.ts'
import { moduleHost } from './module-host.ts'

const server = usePostgres()

/** A serving pool with three idle connections. */
const setUp = async (drainMs: number) => {
  const host = moduleHost(pgPool({ drainMs }))
  onTestFinished(() => host.end())
  const { host: address, port, user, password, database } = server()
  const next = await host.prepare({ host: address, port, user, password, database, max: 3 })
  const pool = next.generation.instance
  const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
  const pids = await Promise.all(
    clients.map(async (client) => (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid),
  )
  // The socket of a client is not in its types.
  const sockets = clients.map((client) => (client as unknown as { connection: { stream: Socket } }).connection.stream)
  for (const client of clients) client.release()
  return { host, close: next.generation.close, sockets, pids }
}

test('a closed pool has no connection left, not even one that is about to close', async () => {
  const { host, close, sockets } = await setUp(10_000)
  expect(sockets.map((socket) => socket.closed)).toEqual([false, false, false])
  await close?.()
  expect(sockets.map((socket) => socket.closed)).toEqual([true, true, true])
  expect(host.reports).toEqual([])
})

test('a closed pool waits until drainMs for a server that does not close its connections', async () => {
  const { host, close, sockets, pids } = await setUp(300)
  const [pid = 0] = pids
  process.kill(pid, 'SIGSTOP')
  onTestFinished(() => void process.kill(pid, 'SIGCONT'))
  await close?.()
  expect(sockets.map((socket) => socket.destroyed)).toEqual([true, true, true])
  expect(host.reports).toMatchObject([{ name: 'TimeoutError' }])
})
