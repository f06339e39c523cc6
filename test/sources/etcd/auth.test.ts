import { setTimeout as sleep } from 'node:timers/promises'
import type { Etcd3 } from 'etcd3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource, publish } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { codeOf, follow, followOpened, never, readDocument, SOON, textOf } from '../follow.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

const TOKEN_TTL_S = 1
const reader = { username: 'reader', password: 'secret-1' }
const rootUser = { username: 'root', password: 'secret-root' }

describe('A source with a user and a password', () => {
  let server: EtcdServer
  const sources: Source[] = []

  const as = (
    auth: { username: string; password: string } | undefined,
    key: string,
    hosts = server.endpoint,
  ): Source => {
    const source = etcdSource({ hosts, key, ...(auth === undefined ? {} : { auth }) })
    sources.push(source)
    return source
  }
  const asRoot = <Value>(work: (client: Etcd3) => Promise<Value>): Promise<Value> =>
    server.admin(work, { auth: rootUser })
  const put = (text: string): Promise<unknown> => asRoot(async (client) => client.put('/app/config').value(text))

  beforeAll(async () => {
    server = await startEtcd({ flags: ['--auth-token-ttl', String(TOKEN_TTL_S)] })
    await server.admin(async (client) => {
      await client.put('/app/config').value('{"n":1}')
      await client.put('/other/config').value('{"n":1}')
      await client.role('root').create()
      await client
        .user('root')
        .create(rootUser.password)
        .then((user) => user.addRole('root'))
      const role = await client.role('reads-app').create()
      await role.grant({ permission: 'Read', range: client.range({ prefix: '/app/' }) })
      await client
        .user('reader')
        .create(reader.password)
        .then((user) => user.addRole('reads-app'))
    })
  })
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.close?.()))
    await server.stop()
  })

  it('reads with its credentials before etcd requires them, and after that', async () => {
    const source = as(reader, '/app/config')
    expect(textOf(await source.read(never))).toBe('{"n":1}')
    await server.admin(async (client) => client.auth.authEnable())
    await vi.waitFor(async () => expect(textOf(await source.read(never))).toBe('{"n":1}'), SOON)
  })

  it('reports a missing user, a wrong password and a forbidden key by their codes', async () => {
    expect(await codeOf(as(undefined, '/app/config').read(never))).toBe('source.unauthenticated')
    expect(await codeOf(as({ ...reader, password: 'wrong' }, '/app/config').read(never))).toBe('source.unauthenticated')
    expect(await codeOf(as(reader, '/other/config').read(never))).toBe('source.denied')
    const { revision } = await readDocument(as(reader, '/app/config'))
    const denied = follow(as(reader, '/other/config'), revision)
    await vi.waitFor(() => expect(denied.code()).toBe('source.denied'), SOON)
    const anonymous = follow(as(undefined, '/app/config'), revision)
    await vi.waitFor(() => expect(anonymous.code()).toBe('source.unauthenticated'), SOON)
    await expect(publish({ hosts: server.endpoint, key: '/app/config', auth: reader }, '{}')).rejects.toMatchObject({
      code: 'source.denied',
    })
  })

  it('renews an expired token for reads and new watches, while open watches continue', async () => {
    const proxy = await startProxy(server.port)
    const source = as(reader, '/app/config', `http://127.0.0.1:${proxy.port}`)
    const open = await followOpened(source, (await readDocument(source)).revision)
    for (let round = 2; round < 5; round++) {
      await sleep(TOKEN_TTL_S * 2_000) // etcd does not show when it has forgotten a token
      const later = await followOpened(source, (await readDocument(source)).revision)
      await put(`{"n":${round}}`)
      await vi.waitFor(() => expect(later.texts()).toEqual([`{"n":${round}}`]), SOON)
      await later.stop()
    }
    expect(open.texts()).toEqual(['{"n":2}', '{"n":3}', '{"n":4}'])
    proxy.cut()
    await vi.waitFor(() => expect(open.code()).toBe('source.unreachable'), SOON)
    await sleep(TOKEN_TTL_S * 2_000)
    // A watch before any read, with the expired token.
    const first = await followOpened(source, (await readDocument(source)).revision)
    await first.stop()
    await proxy.close()
  })

  it('renews an expired token for a watch without a read', async () => {
    const source = as(reader, '/app/config')
    const { revision } = await readDocument(source)
    const before = await followOpened(source, revision)
    await before.stop()
    await sleep(TOKEN_TTL_S * 2_000)
    const after = await followOpened(source, revision)
    await after.stop()
    expect(after.events.filter((event) => event.kind === 'opened')).toHaveLength(1)
  })

  it('logs in once for many reads at the same time', async () => {
    const logins = async (): Promise<number> => {
      const metrics = await (await fetch(`${server.endpoint}/metrics`)).text()
      return Number(/grpc_server_started_total\{grpc_method="Authenticate".*\} (\d+)/.exec(metrics)?.[1])
    }
    const before = await logins()
    const source = as(reader, '/app/config')
    const readings = await Promise.all(Array.from({ length: 10 }, () => source.read(never)))
    expect(new Set(readings.map((reading) => reading.revision.name)).size).toBe(1)
    expect(await logins()).toBe(before + 1)
  })

  it('reports a changed password as source.unauthenticated', async () => {
    const source = as(reader, '/app/config')
    await source.read(never)
    await asRoot(async (client) => client.auth.userChangePassword({ name: 'reader', password: 'secret-2' }))
    await vi.waitFor(async () => expect(await codeOf(source.read(never))).toBe('source.unauthenticated'), SOON)
    expect(textOf(await as({ ...reader, password: 'secret-2' }, '/app/config').read(never))).toBeDefined()
  })
})

describe('A source over TLS', () => {
  let server: EtcdServer

  beforeAll(async () => {
    server = await startEtcd({ tls: true })
    await server.admin(async (client) => client.put('k').value('{"n":1}'))
  })
  afterAll(() => server.stop())

  it('reads and watches with a trusted certificate', async () => {
    const credentials = { rootCertificate: await server.certificate() }
    const source = etcdSource({ hosts: server.endpoint, key: 'k', credentials })
    const watched = await followOpened(source, (await readDocument(source)).revision)
    await publish({ hosts: server.endpoint, key: 'k', credentials }, '{"n":2}')
    await vi.waitFor(() => expect(watched.texts()).toEqual(['{"n":2}']), SOON)
    await source.close?.()
  })

  it('reports an untrusted certificate as source.tls, for reads and watches', async () => {
    const source = etcdSource({ hosts: server.endpoint, key: 'k' })
    expect(await codeOf(source.read(never))).toBe('source.tls')
    const watched = follow(source, { lineage: '1/0', order: 1, name: '1' })
    await vi.waitFor(() => expect(watched.code()).toBe('source.tls'), SOON)
    await source.close?.()
  })
})
