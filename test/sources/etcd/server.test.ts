import { describe, expect, it } from 'vitest'
import {
  startService,
  shortDeadlines,
  shortOrLong,
  newKey,
  sleep,
  until,
  useProxy,
  useServer,
} from './running-service.ts'
import { freePorts } from '../../support/etcd-process.ts'

describe.concurrent('A service whose etcd server fails', () => {
  it('serves the newest document each time the server is killed and restarted', async (test) => {
    const server = await useServer(test)
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: server.endpoint, key })
    await service.reaches('watching')
    for (const [n, downMs] of [
      [2, 300],
      [3, shortOrLong(1_000, 30_000)],
    ] as const) {
      await server.kill()
      await service.reaches('backing-off')
      await sleep(downMs)
      expect(service.serving()).toBe(n - 1)
      await server.restart()
      await put(n)
      await service.serves(n)
    }
    expect(new Set(service.records.map(({ revision }) => revision?.lineage)).size).toBe(1)
  })

  it('serves the newest document after the server freezes for a moment, and after it freezes until the watch times out', async (test) => {
    const server = await useServer(test)
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: server.endpoint, key, deadlines: shortDeadlines })
    await service.reaches('watching')
    await put(2)
    await service.serves(2)
    server.pause()
    await sleep(200)
    server.resume()
    await put(3)
    await service.serves(3)
    server.pause()
    await service.showsError('source.timeout')
    await sleep(shortOrLong(500, 30_000))
    server.resume()
    await put(4)
    await service.serves(4)
  })

  it('waits for a server that is down at the start', async (test) => {
    const server = await useServer(test)
    const { key, put } = newKey(server)
    await put(1)
    await server.kill()
    const service = startService(test, { hosts: server.endpoint, key })
    await service.showsError('source.unreachable')
    await sleep(shortOrLong(1_000, 30_000))
    expect(service.hasStarted()).toBe(false)
    expect(service.failedStart()).toBeUndefined()
    await server.restart()
    await service.serves(1)
    await until(() => expect(service.hasStarted()).toBe(true))
  })

  it('follows the server into a wiped store with lower revisions, while connected and while disconnected', async (test) => {
    const server = await useServer(test)
    const proxy = await useProxy(test, server.port)
    const { key, put, putAll } = newKey(server)
    await putAll(1, 50)
    const service = startService(test, { hosts: proxy.host, key })
    await service.serves(50)
    await server.wipe()
    await put(100)
    await service.serves(100)
    await putAll(101, 120)
    await service.serves(120)
    await proxy.refuse()
    proxy.cut()
    await server.wipe()
    await put(200)
    await proxy.heal()
    await service.serves(200)
    await put(201)
    await service.serves(201)
    expect(new Set(service.records.map(({ revision }) => revision?.lineage)).size).toBe(3)
  })

  it('accepts a lower revision at a new start if the server was wiped while the service was down', async (test) => {
    const server = await useServer(test)
    const { key, put, putAll } = newKey(server)
    await putAll(1, 50)
    const before = startService(test, { hosts: server.endpoint, key })
    await before.serves(50)
    await before.reloader.close()
    await server.wipe()
    await put(100)
    const after = startService(test, { hosts: server.endpoint, key })
    await after.serves(100)
    await put(101)
    await after.serves(101)
  })

  it('follows another store with higher revisions that answers at the same address', async (test) => {
    const server = await useServer(test)
    const other = await useServer(test)
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key })
    await service.reaches('watching')
    await other.admin(async (client) => {
      for (let n = 300; n <= 320; n++) await client.put(key).value(JSON.stringify({ n }))
    })
    proxy.retarget(other.port)
    proxy.cut()
    await service.serves(320)
    await other.admin(async (client) => client.put(key).value('{"n":321}'))
    await service.serves(321)
  })
})

it('A service asks a dead server less than twice a second on average', async (test) => {
  const [port = 0] = await freePorts(1)
  const service = startService(test, { hosts: `http://127.0.0.1:${port}`, key: 'k' })
  service.allowedReads = 5 // in the first two seconds, before the back-off has grown
  await service.showsError('source.unreachable')
  await sleep(shortOrLong(5_000, 60_000))
  await until(() => expect(service.reads()).toBeGreaterThan(2))
})

it('A service reads a healthy server only until its watch has opened', async (test) => {
  const server = await useServer(test)
  const { key, put } = newKey(server)
  await put(1)
  const service = startService(test, { hosts: server.endpoint, key })
  await service.reaches('watching')
  for (let n = 2; n <= 50; n++) {
    await put(n)
    await service.serves(n)
  }
  expect(service.reads()).toBe(2)
})
