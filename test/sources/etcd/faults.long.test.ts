import { spawn } from 'node:child_process'
import { describe, expect, it, vi } from 'vitest'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { useBundle } from '../../support/bundled-program.ts'
import { freePorts } from '../../support/etcd-process.ts'
import { startProxy } from '../../support/tcp-proxy.ts'
import { codeOf, follow, followOpened, never, readDocument, SOON, textOf } from '../follow.ts'
import { deadlines, useProxiedSource } from './proxied-source.ts'

const program = useBundle(new URL('./close-child.ts', import.meta.url))
const etcd = useProxiedSource()

const compact = (revision: string): Promise<unknown> =>
  etcd.server.admin(async (client) => client.kv.compact({ revision, physical: true }))

describe('A failing connection', () => {
  it('breaks the watch with source.unreachable, and a new read and watch lose nothing', async () => {
    const watched = await followOpened(etcd.source, (await readDocument(etcd.source)).revision)
    await etcd.proxy.refuse()
    etcd.proxy.cut()
    await vi.waitFor(() => expect(watched.code()).toBe('source.unreachable'), SOON)
    expect(await codeOf(etcd.source.read(never))).toBe('source.unreachable')
    await etcd.put('{"n":2}')
    await etcd.proxy.heal()
    await etcd.reads('{"n":2}')
    const again = await followOpened(etcd.source, (await readDocument(etcd.source)).revision)
    await etcd.put('{"n":3}')
    await vi.waitFor(() => expect(again.texts()).toEqual(['{"n":3}']), SOON)
    await again.stop()
  })

  it('does not delay the next read by a back-off of gRPC', async () => {
    await etcd.proxy.refuse()
    for (let attempt = 0; attempt < 10; attempt++) await codeOf(etcd.source.read(never))
    await etcd.proxy.heal()
    expect(textOf(await etcd.source.read(never))).toBe('{"n":1}')
  })

  it('lets a new watch continue from the last known revision, with everything that was missed', async () => {
    const { revision } = await readDocument(etcd.source)
    const watched = await followOpened(etcd.source, revision)
    etcd.proxy.cut()
    await vi.waitFor(() => expect(watched.code()).toBeDefined(), SOON)
    await etcd.put('{"n":2}')
    const again = await followOpened(etcd.source, revision)
    await vi.waitFor(() => expect(again.texts()).toEqual(['{"n":2}']), SOON)
    await again.stop()
  })

  it('loses only intermediate documents, even if it is cut each time a watch opens', async () => {
    let seen = (await readDocument(etcd.source)).revision
    await etcd.server.admin(async (client) => {
      for (let n = 2; n <= 400; n++)
        await client.put(etcd.key).value(JSON.stringify({ n, padding: 'x'.repeat(10_000) }))
    })
    const orders = [seen.order]
    let last: string | undefined
    const isNewest = (): boolean => last?.startsWith('{"n":400,') === true
    const round = async (isCut: boolean): Promise<void> => {
      if (isNewest()) return
      for await (const event of etcd.source.watch(seen, never)) {
        if (event.kind === 'opened' && isCut) etcd.proxy.cut()
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

  it('makes a new watch break with source.compacted after a compaction, and a read continues', async () => {
    const { revision } = await readDocument(etcd.source)
    const watched = await followOpened(etcd.source, revision)
    etcd.proxy.cut()
    await vi.waitFor(() => expect(watched.code()).toBeDefined(), SOON)
    await etcd.put('{"n":2}')
    await compact(await etcd.put('{"n":3}'))
    const late = follow(etcd.source, revision)
    await vi.waitFor(() => expect(late.code()).toBe('source.compacted'), SOON)
    await etcd.reads('{"n":3}')
    const again = await followOpened(etcd.source, (await readDocument(etcd.source)).revision)
    await etcd.put('{"n":4}')
    await vi.waitFor(() => expect(again.texts()).toEqual(['{"n":4}']), SOON)
    await again.stop()
  })

  it('does not break the watch when only a read fails', async () => {
    const impatient = etcdSource({
      hosts: etcd.host,
      key: etcd.key,
      deadlines: { ...deadlines, silenceMs: 60_000, callMs: 400 },
    })
    const { revision } = await vi.waitFor(() => readDocument(impatient), SOON)
    const watched = await followOpened(impatient, revision)
    etcd.proxy.delay(1_000)
    expect(await codeOf(impatient.read(never))).toBe('source.timeout')
    etcd.proxy.delay(0)
    await etcd.put('{"n":2}')
    await vi.waitFor(() => expect(watched.texts()).toEqual(['{"n":2}']), SOON)
    await watched.stop()
    await impatient.close?.()
  })
})

describe('A peer that accepts and stays silent', () => {
  it('makes a read time out, and does not wedge later reads once it has healed', async () => {
    etcd.proxy.blackHole()
    expect(await codeOf(etcd.source.read(never))).toBe('source.timeout')
    const opening = follow(etcd.source, { lineage: '1/0', order: 1, name: '1' })
    await vi.waitFor(() => expect(opening.code()).toBe('source.timeout'), SOON)
    await etcd.proxy.heal()
    await etcd.reads('{"n":1}')
  })

  it('breaks an open watch with source.timeout', async () => {
    const watched = await followOpened(etcd.source, (await readDocument(etcd.source)).revision)
    await etcd.warmUp(watched)
    etcd.proxy.blackHole()
    await vi.waitFor(() => expect(watched.code()).toBe('source.timeout'), SOON)
  })

  it('fails only the read that is aborted, and no other that waits on the same connection', async () => {
    const patient = etcdSource({ hosts: etcd.host, key: etcd.key, deadlines: { ...deadlines, callMs: 60_000 } })
    etcd.proxy.blackHole()
    const waiting = patient.read(never)
    expect(await codeOf(patient.read(AbortSignal.timeout(1_500)))).toBe('source.closed')
    await etcd.proxy.heal()
    expect(textOf(await waiting)).toBe('{"n":1}')
    await patient.close?.()
  })

  it('lets an aborted read and an aborted watch end at once', async () => {
    const patient = etcdSource({ hosts: etcd.host, key: etcd.key, deadlines: { callMs: 600_000, openMs: 600_000 } })
    etcd.proxy.blackHole()
    const controller = new AbortController()
    const reading = codeOf(patient.read(controller.signal))
    const watched = follow(patient, { lineage: '1/0', order: 1, name: '1' })
    await vi.waitFor(() => expect(etcd.proxy.accepted()).toBeGreaterThan(1), SOON)
    controller.abort()
    expect(await reading).toBe('source.closed')
    await watched.stop()
    expect(watched.outcome()).toBe('end')
    await patient.close?.()
  })

  it('is replaced by another host, even if the caller aborts before the deadline', async () => {
    const [dead = 0] = await freePorts(1)
    const silent = await startProxy(dead)
    silent.blackHole()
    const hosts = [`http://127.0.0.1:${silent.port}`, etcd.host]
    for (const callMs of [1_000, 600_000]) {
      const several = etcdSource({ hosts, key: etcd.key, deadlines: { callMs } })
      await vi.waitFor(async () => {
        const signal = AbortSignal.timeout(4_000)
        expect(textOf(await several.read(signal))).toBe('{"n":1}')
      }, SOON)
      await several.close?.()
    }
    await silent.close()
  })

  it('does not keep the process alive after close', async () => {
    etcd.proxy.blackHole()
    const child = spawn(process.execPath, [program(), 'source', etcd.host, 'k'])
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

it('A failed connect has a code for its reason', async () => {
  const [closedPort = 0] = await freePorts(1)
  const codeAt = async (hosts: string): Promise<string | undefined> => {
    const failing = etcdSource({ hosts, key: etcd.key, deadlines })
    const code = await codeOf(failing.read(never))
    await failing.close?.()
    return code
  }
  expect(await codeAt(`http://127.0.0.1:${closedPort}`)).toBe('source.unreachable')
  expect(await codeAt('http://no-such-host.invalid:2379')).toMatch(/^source\.(unreachable|timeout)$/)
  expect(await codeAt(`https://127.0.0.1:${etcd.server.port}`)).toMatch(/^source\.(unreachable|tls)$/)
})
