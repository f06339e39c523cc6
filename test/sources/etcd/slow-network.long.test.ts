import { createReloader } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { newKey, until, useProxy, useServer } from './running-service.ts'

/** Half a round trip. */
const DELAY_MS = 1_300
const LONG_MS = 30_000

const schema = z.strictObject({ n: z.number() })

it('A service over a network that is too slow for the deadlines says which ones to raise, and starts with those', async (test) => {
  const server = await useServer(test)
  const proxy = await useProxy(test, server.port)
  const { key, put } = newKey(server)
  await put(1)
  proxy.delay(DELAY_MS)
  const refused = createReloader({ source: etcdSource({ hosts: proxy.host, key }), schema })
  refused.start().catch(() => {})
  await until(() => expect(refused.status().source.lastError).toMatchObject({ code: 'source.timeout' }))
  const { hint = '' } = refused.status().source.lastError ?? {}
  for (const option of ['deadlines.readMs', 'callMs', 'openMs']) expect(hint).toContain(option)
  await refused.close()

  const deadlines = { callMs: LONG_MS, openMs: LONG_MS }
  const source = etcdSource({ hosts: proxy.host, key, deadlines })
  const reloader = createReloader({ source, schema, deadlines: { readMs: LONG_MS } })
  await reloader.start()
  expect(reloader.config).toEqual({ n: 1 })
  await put(2)
  await until(() => expect(reloader.config).toEqual({ n: 2 }))
  await reloader.close()
})
