import { setTimeout as sleep } from 'node:timers/promises'
import type { Etcd3 } from 'etcd3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource, publish } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { codeOf, follow, never, readDocument, SOON, textOf } from '../../support/etcd-world.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

const TOKEN_TTL_S = 1
const reader = { username: 'reader', password: 'secret-1' }
const rootUser = { username: 'root', password: 'secret-root' }

describe('With users and passwords', () => {
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

  it('credentials do no harm where etcd asks for none, and serve from the moment it does', async () => {
    const source = as(reader, '/app/config')
    expect(textOf(await source.read(never))).toBe('{"n":1}')
    await server.admin(async (client) => client.auth.authEnable())
    await vi.waitFor(async () => expect(textOf(await source.read(never))).toBe('{"n":1}'), SOON)
  })

  it('what is wrong has its name: no user, a wrong password, a key that is not allowed', async () => {
    expect(await codeOf(as(undefined, '/app/config').read(never))).toBe('source.unauthenticated')
    expect(await codeOf(as({ ...reader, password: 'wrong' }, '/app/config').read(never))).toBe('source.unauthenticated')
    expect(await codeOf(as(reader, '/other/config').read(never))).toBe('source.denied')
    const { revision } = await readDocument(as(reader, '/app/config'))
    const denied = await follow(as(reader, '/other/config'), revision, { opened: false })
    await vi.waitFor(() => expect(denied.code()).toBe('source.denied'), SOON)
    const nobody = await follow(as(undefined, '/app/config'), revision, { opened: false })
    await vi.waitFor(() => expect(nobody.code()).toBe('source.unauthenticated'), SOON)
    await expect(publish({ hosts: server.endpoint, key: '/app/config', auth: reader }, '{}')).rejects.toMatchObject({
      code: 'source.denied',
    })
  })

  it('an expired token is renewed: reads and new watches go on, open watches never notice', async () => {
    const proxy = await startProxy(server.port)
    const source = as(reader, '/app/config', `http://127.0.0.1:${proxy.port}`)
    const open = await follow(source, (await readDocument(source)).revision)
    for (let round = 2; round < 5; round++) {
      await sleep(TOKEN_TTL_S * 2_000) // no condition tells that etcd has forgotten a token
      const later = await follow(source, (await readDocument(source)).revision)
      await put(`{"n":${round}}`)
      await vi.waitFor(() => expect(later.texts()).toEqual([`{"n":${round}}`]), SOON)
      await later.stop()
    }
    expect(open.texts()).toEqual(['{"n":2}', '{"n":3}', '{"n":4}'])
    proxy.cut()
    await vi.waitFor(() => expect(open.code()).toBe('source.unreachable'), SOON)
    await sleep(TOKEN_TTL_S * 2_000)
    // A watch that comes first, with the token that has expired.
    const first = await follow(source, (await readDocument(source)).revision)
    await first.stop()
    await proxy.close()
  })

  it('a watch alone renews its token', async () => {
    const source = as(reader, '/app/config')
    const { revision } = await readDocument(source)
    const before = await follow(source, revision)
    await before.stop()
    await sleep(TOKEN_TTL_S * 2_000)
    const after = await follow(source, revision)
    await after.stop()
    expect(after.events.filter((event) => event.kind === 'opened')).toHaveLength(1)
  })

  it('many reads at once log in once', async () => {
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

  it('a changed password is named', async () => {
    const source = as(reader, '/app/config')
    await source.read(never)
    await asRoot(async (client) => client.auth.userChangePassword({ name: 'reader', password: 'secret-2' }))
    await vi.waitFor(async () => expect(await codeOf(source.read(never))).toBe('source.unauthenticated'), SOON)
    expect(textOf(await as({ ...reader, password: 'secret-2' }, '/app/config').read(never))).toBeDefined()
  })
})

describe('Over TLS', () => {
  let server: EtcdServer

  beforeAll(async () => {
    server = await startEtcd({ tls: true })
    await server.admin(async (client) => client.put('k').value('{"n":1}'))
  })
  afterAll(() => server.stop())

  it('a trusted certificate is read and watched through', async () => {
    const credentials = { rootCertificate: await server.certificate() }
    const source = etcdSource({ hosts: server.endpoint, key: 'k', credentials })
    const watched = await follow(source, (await readDocument(source)).revision)
    await publish({ hosts: server.endpoint, key: 'k', credentials }, '{"n":2}')
    await vi.waitFor(() => expect(watched.texts()).toEqual(['{"n":2}']), SOON)
    await source.close?.()
  })

  it('an untrusted certificate is source.tls, for reads and watches', async () => {
    const source = etcdSource({ hosts: server.endpoint, key: 'k' })
    expect(await codeOf(source.read(never))).toBe('source.tls')
    const watched = await follow(source, { lineage: '1/0', order: 1, name: '1' }, { opened: false })
    await vi.waitFor(() => expect(watched.code()).toBe('source.tls'), SOON)
    await source.close?.()
  })
})
