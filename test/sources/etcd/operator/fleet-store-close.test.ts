import { expect, it } from 'vitest'
import { openFleetStore } from '../../../../src/sources/etcd/operator/open-fleet-store.ts'
import { never } from '../../follow.ts'
import { newKey, until, useProxy, useServer } from '../running-service.ts'

it('What a fleet keeps beside a key leaves no connection open after close', async (test) => {
  const server = await useServer(test)
  const proxy = await useProxy(test, server.port)
  const { key } = newKey(server)
  const store = openFleetStore({ hosts: proxy.host, key })
  expect(await store.list('instances/', never)).toMatchObject({ entries: [], document: '0' })
  expect(proxy.open()).toBeGreaterThan(0)
  store.close()
  await until(() => expect(proxy.open()).toBe(0))
})
