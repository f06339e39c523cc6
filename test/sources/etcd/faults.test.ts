import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource, type EtcdDeadlines } from '../../../src/sources/etcd/index.ts'
import { freePorts, startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { codeOf, exchange, follow, never, readDocument, SOON, textOf } from '../../support/etcd-world.ts'
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts'

// Short enough for a test, long enough for a busy machine.
const deadlines: EtcdDeadlines = { callMs: 3_000, openMs: 3_000, silenceMs: 500, answerMs: 3_000 }
const root = fileURLToPath(new URL('../../../', import.meta.url))

let server: EtcdServer
let proxy: TcpProxy
let source: Source
let key = ''
let keys = 0

const put = (text: string): Promise<string> =>
  server.admin(async (client) => (await client.put(key).value(text)).header.revision)
const compact = (revision: string): Promise<unknown> =>
  server.admin(async (client) => client.kv.compact({ revision, physical: true }))
const through = (): string => `http://127.0.0.1:${proxy.port}`
const reads = (text: string): Promise<void> =>
  vi.waitFor(async () => expect(textOf(await source.read(never).catch(() => undefined))).toBe(text), SOON)

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await startProxy(server.port)
  key = `/faults/${++keys}`
  source = etcdSource({ hosts: through(), key, deadlines })
  await put('{"n":1}')
})
afterEach(async () => {
  await source.close?.()
  await proxy.close()
})

describe('A connection that is cut', () => {
  it('breaks the watch with a named error, and a new read and watch lose nothing', async () => {
    const watched = await follow(source, (await readDocument(source)).revision)
    await proxy.refuse()
    proxy.cut()
    await vi.waitFor(() => expect(watched.code()).toBe('source.unreachable'), SOON)
    expect(await codeOf(source.read(never))).toBe('source.unreachable')
    await put('{"n":2}')
    await proxy.heal()
    await reads('{"n":2}')
    const again = await follow(source, (await readDocument(source)).revision)
    await put('{"n":3}')
    await vi.waitFor(() => expect(again.texts()).toEqual(['{"n":3}']), SOON)
    await again.stop()
  })

  it('does not hold up the next read by a back-off of its own', async () => {
    await proxy.refuse()
    for (let attempt = 0; attempt < 10; attempt++) await codeOf(source.read(never))
    await proxy.heal()
    expect(textOf(await source.read(never))).toBe('{"n":1}')
  })

  it('lets a watch go on from the very revision it knew, with all that was missed', async () => {
    const { revision } = await readDocument(source)
    const watched = await follow(source, revision)
    proxy.cut()
    await vi.waitFor(() => expect(watched.code()).toBeDefined(), SOON)
    await put('{"n":2}')
    const again = await follow(source, revision)
    await vi.waitFor(() => expect(again.texts()).toEqual(['{"n":2}']), SOON)
    await again.stop()
  })

  it('at the very moment at which a watch opens, again and again, costs no document but those in between', async () => {
    let seen = (await readDocument(source)).revision
    await server.admin(async (client) => {
      for (let n = 2; n <= 400; n++) await client.put(key).value(JSON.stringify({ n, padding: 'x'.repeat(10_000) }))
    })
    const orders = [seen.order]
    let last: string | undefined
    const isNewest = (): boolean => last?.startsWith('{"n":400,') === true
    const round = async (isCut: boolean): Promise<void> => {
      if (isNewest()) return
      for await (const event of source.watch(seen, never)) {
        if (event.kind === 'opened' && isCut) proxy.cut()
        if (event.kind !== 'document') continue
        seen = event.revision
        orders.push(seen.order)
        last = textOf(event)
        if (isNewest()) return
      }
    }
    for (let cuts = 0; cuts < 6; cuts++) await codeOf(round(true))
    await vi.waitFor(() => round(false), SOON)
    expect(last).toMatch(/^\{"n":400,/)
    expect(orders).toEqual([...new Set(orders)].toSorted((a, b) => a - b))
  })

  it('and a compaction meanwhile is source.compacted, after which a read goes on', async () => {
    const { revision } = await readDocument(source)
    const watched = await follow(source, revision)
    proxy.cut()
    await vi.waitFor(() => expect(watched.code()).toBeDefined(), SOON)
    await put('{"n":2}')
    await compact(await put('{"n":3}'))
    const late = await follow(source, revision, { opened: false })
    await vi.waitFor(() => expect(late.code()).toBe('source.compacted'), SOON)
    await reads('{"n":3}')
    const again = await follow(source, (await readDocument(source)).revision)
    await put('{"n":4}')
    await vi.waitFor(() => expect(again.texts()).toEqual(['{"n":4}']), SOON)
    await again.stop()
  })

  it('leaves a watch alone when only a read fails', async () => {
    const hasty = etcdSource({ hosts: through(), key, deadlines: { ...deadlines, silenceMs: 60_000, callMs: 400 } })
    const { revision } = await vi.waitFor(() => readDocument(hasty), SOON)
    const watched = await follow(hasty, revision)
    proxy.delay(1_000)
    expect(await codeOf(hasty.read(never))).toBe('source.timeout')
    proxy.delay(0)
    await put('{"n":2}')
    await vi.waitFor(() => expect(watched.texts()).toEqual(['{"n":2}']), SOON)
    await watched.stop()
    await hasty.close?.()
  })
})

describe('A peer that accepts and says nothing', () => {
  it('makes a read time out, and does not wedge what follows once it has healed', async () => {
    proxy.blackHole()
    expect(await codeOf(source.read(never))).toBe('source.timeout')
    const opening = await follow(source, { lineage: '1/0', order: 1, name: '1' }, { opened: false })
    await vi.waitFor(() => expect(opening.code()).toBe('source.timeout'), SOON)
    await proxy.heal()
    await reads('{"n":1}')
  })

  it('is noticed by an open watch', async () => {
    const watched = await follow(source, (await readDocument(source)).revision)
    await exchange(watched, put)
    proxy.blackHole()
    await vi.waitFor(() => expect(watched.code()).toBe('source.timeout'), SOON)
  })

  it('fails the read that is given up, and no other that waits on the same connection', async () => {
    const patient = etcdSource({ hosts: through(), key, deadlines: { ...deadlines, callMs: 60_000 } })
    proxy.blackHole()
    const waiting = patient.read(never)
    expect(await codeOf(patient.read(AbortSignal.timeout(1_500)))).toBe('source.closed')
    await proxy.heal()
    expect(textOf(await waiting)).toBe('{"n":1}')
    await patient.close?.()
  })

  it('lets a read and a watch end at once when they are aborted', async () => {
    const patient = etcdSource({ hosts: through(), key, deadlines: { callMs: 600_000, openMs: 600_000 } })
    proxy.blackHole()
    const controller = new AbortController()
    const reading = codeOf(patient.read(controller.signal))
    const watched = await follow(patient, { lineage: '1/0', order: 1, name: '1' }, { opened: false })
    await vi.waitFor(() => expect(proxy.accepted()).toBeGreaterThan(1), SOON)
    controller.abort()
    expect(await reading).toBe('source.closed')
    await watched.stop()
    expect(watched.outcome()).toBe('end')
    await patient.close?.()
  })

  it('makes way for another host, also where the caller gives up before the deadline does', async () => {
    const [dead = 0] = await freePorts(1)
    const silent = await startProxy(dead)
    silent.blackHole()
    const hosts = [`http://127.0.0.1:${silent.port}`, through()]
    for (const callMs of [1_000, 600_000]) {
      const several = etcdSource({ hosts, key, deadlines: { callMs } })
      await vi.waitFor(async () => {
        const signal = AbortSignal.timeout(4_000)
        expect(textOf(await several.read(signal))).toBe('{"n":1}')
      }, SOON)
      await several.close?.()
    }
    await silent.close()
  })

  it('does not keep the process alive after close', async () => {
    proxy.blackHole()
    const code = `
      import { etcdSource } from './src/sources/etcd/index.ts'
      const source = etcdSource({ hosts: '${through()}', key: 'k' })
      const signal = new AbortController().signal
      const reading = source.read(signal).catch((error) => console.log(error.code))
      const watch = source.watch({ lineage: '1/0', order: 1, name: '1' }, signal)
      const watching = watch.next().catch((error) => console.log(error.code))
      setTimeout(async () => {
        await source.close()
        await Promise.all([reading, watching])
        console.log('closed')
      }, 300)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], { cwd: root })
    let output = ''
    child.stdout.on('data', (chunk) => (output += String(chunk)))
    child.stderr.on('data', (chunk) => (output += String(chunk)))
    try {
      await vi.waitFor(() => expect(child.exitCode).toBe(0), SOON)
      expect(output.trim().split('\n')).toEqual(['source.closed', 'source.closed', 'closed'])
    } finally {
      child.kill('SIGKILL')
    }
  })
})

it('Every way to fail to connect has its name', async () => {
  const [closedPort = 0] = await freePorts(1)
  const codeAt = async (hosts: string): Promise<string | undefined> => {
    const failing = etcdSource({ hosts, key, deadlines })
    const code = await codeOf(failing.read(never))
    await failing.close?.()
    return code
  }
  expect(await codeAt(`http://127.0.0.1:${closedPort}`)).toBe('source.unreachable')
  expect(await codeAt('http://no-such-host.invalid:2379')).toMatch(/^source\.(unreachable|timeout)$/)
  expect(await codeAt(`https://127.0.0.1:${server.port}`)).toMatch(/^source\.(unreachable|tls)$/)
})
