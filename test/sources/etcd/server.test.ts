import { describe, expect, it } from 'vitest'
import { begin, hasty, lasting, newKey, pass, until, useProxy, useServer } from './scene.ts'
import { freePorts } from '../../support/etcd-process.ts'

describe.concurrent('Through a server that fails, the newest document serves', () => {
  it('where it is killed and comes back, again and again', async (test) => {
    const server = await useServer(test)
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: server.endpoint, key })
    await scene.comesTo('watching')
    for (const [n, downMs] of [
      [2, 300],
      [3, lasting(1_000, 30_000)],
    ] as const) {
      await server.kill()
      await scene.comesTo('backing-off')
      await pass(downMs)
      expect(scene.serving()).toBe(n - 1)
      await server.restart()
      await put(n)
      await scene.serves(n)
    }
    expect(new Set(scene.records.map(({ revision }) => revision?.lineage)).size).toBe(1)
  })

  it('where it freezes for a moment, and where it freezes for so long that the watch is given up', async (test) => {
    const server = await useServer(test)
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: server.endpoint, key, deadlines: hasty })
    await scene.comesTo('watching')
    await put(2)
    await scene.serves(2)
    server.pause()
    await pass(200)
    server.resume()
    await put(3)
    await scene.serves(3)
    server.pause()
    await scene.names('source.timeout')
    await pass(lasting(500, 30_000))
    server.resume()
    await put(4)
    await scene.serves(4)
  })

  it('where it is down at the start, and the start waits for it', async (test) => {
    const server = await useServer(test)
    const { key, put } = newKey(server)
    await put(1)
    await server.kill()
    const scene = begin(test, { hosts: server.endpoint, key })
    await scene.names('source.unreachable')
    await pass(lasting(1_000, 30_000))
    expect(scene.hasStarted()).toBe(false)
    expect(scene.failedStart()).toBeUndefined()
    await server.restart()
    await scene.serves(1)
    await until(() => expect(scene.hasStarted()).toBe(true))
  })

  it('where it is wiped and restored with lower revisions, while connected and while away', async (test) => {
    const server = await useServer(test)
    const proxy = await useProxy(test, server.port)
    const { key, put, putAll } = newKey(server)
    await putAll(1, 50)
    const scene = begin(test, { hosts: proxy.host, key })
    await scene.serves(50)
    await server.wipe()
    await put(100)
    await scene.serves(100)
    await putAll(101, 120)
    await scene.serves(120)
    await proxy.refuse()
    proxy.cut()
    await server.wipe()
    await put(200)
    await proxy.heal()
    await scene.serves(200)
    await put(201)
    await scene.serves(201)
    expect(new Set(scene.records.map(({ revision }) => revision?.lineage)).size).toBe(3)
  })

  it('where it is wiped while the service is down, too: a new start takes the lower revision', async (test) => {
    const server = await useServer(test)
    const { key, put, putAll } = newKey(server)
    await putAll(1, 50)
    const before = begin(test, { hosts: server.endpoint, key })
    await before.serves(50)
    await before.reloader.close()
    await server.wipe()
    await put(100)
    const after = begin(test, { hosts: server.endpoint, key })
    await after.serves(100)
    await put(101)
    await after.serves(101)
  })

  it('where another store answers at its address, one with higher revisions', async (test) => {
    const server = await useServer(test)
    const other = await useServer(test)
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key })
    await scene.comesTo('watching')
    await other.admin(async (client) => {
      for (let n = 300; n <= 320; n++) await client.put(key).value(JSON.stringify({ n }))
    })
    proxy.retarget(other.port)
    proxy.cut()
    await scene.serves(320)
    await other.admin(async (client) => client.put(key).value('{"n":321}'))
    await scene.serves(321)
  })
})

it('A dead server is asked less than twice a second on average', async (test) => {
  const [port = 0] = await freePorts(1)
  const scene = begin(test, { hosts: `http://127.0.0.1:${port}`, key: 'k' })
  scene.allowedReads = 5 // of the first two seconds, before the back-off has grown
  await scene.names('source.unreachable')
  await pass(lasting(5_000, 60_000))
  await until(() => expect(scene.reads()).toBeGreaterThan(2))
})

it('A server without trouble is asked nothing but what the watch opens with', async (test) => {
  const server = await useServer(test)
  const { key, put } = newKey(server)
  await put(1)
  const scene = begin(test, { hosts: server.endpoint, key })
  await scene.comesTo('watching')
  for (let n = 2; n <= 50; n++) {
    await put(n)
    await scene.serves(n)
  }
  expect(scene.reads()).toBe(2)
})
