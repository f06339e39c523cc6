import type { Client } from '@grpc/grpc-js'
import { expect, it } from 'vitest'
import { HostConnection, type Stubs } from '../../../src/sources/etcd/connection/host-connection.ts'
import { resolveSettings } from '../../../src/sources/etcd/connection/settings.ts'

const SHUTDOWN = 4

const stateOf = (stub: Stubs[keyof Stubs]): number =>
  (stub as unknown as Client).getChannel().getConnectivityState(false)

const open = () => new HostConnection('127.0.0.1:1', resolveSettings({ hosts: '127.0.0.1:1' }), undefined)

it('A connection that is closed leaves no channel open, not even one that was asked for before', async () => {
  const connection = open()
  const opened = await connection.stub('KV')
  expect(stateOf(opened)).not.toBe(SHUTDOWN)
  const pending = connection.stub('Watch')
  connection.close()
  expect(stateOf(opened)).toBe(SHUTDOWN)
  expect(stateOf(await pending)).toBe(SHUTDOWN)
  expect(stateOf(await connection.stub('KV'))).toBe(SHUTDOWN)
})

it('A connection opens one channel for each service, however often it is asked for', async () => {
  const connection = open()
  const [first, second, other] = [
    await connection.stub('KV'),
    await connection.stub('KV'),
    await connection.stub('Lease'),
  ]
  expect(second).toBe(first)
  expect(other).not.toBe(first)
  connection.close()
})
