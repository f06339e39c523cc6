import type { Etcd3 } from 'etcd3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { disconnect, startService, shortOrLong, newKey, sleep, useProxy } from './running-service.ts'

// The tokens expire within the tests.
const TOKEN_TTL_S = shortOrLong(1, 3)
const rootUser = { username: 'root', password: 'root-secret' }

let server: EtcdServer
let users = 0

/** Runs `work` as root. Each change of users or roles invalidates all tokens, also of the other tests' clients. */
const admin = async <Value>(work: (client: Etcd3) => Promise<Value>): Promise<Value> => {
  for (let tries = 1; ; tries++) {
    try {
      return await server.admin(work, { auth: rootUser })
    } catch (error) {
      const isOutdated = error instanceof Error && /auth store is old|invalid auth token/.test(error.message)
      if (!isOutdated || tries === 20) throw error
    }
  }
}

/** Adds a user who may read the keys of the tests, or nothing. */
const addUser = async (role: 'reads' | 'nothing' = 'reads'): Promise<{ username: string; password: string }> => {
  const username = `user-${++users}`
  const password = `secret-${users}`
  await admin(async (client) => {
    const user = await client.user(username).create(password)
    if (role === 'reads') await user.addRole('reads')
  })
  return { username, password }
}

beforeAll(async () => {
  server = await startEtcd({ flags: ['--auth-token-ttl', String(TOKEN_TTL_S)] })
  await server.admin(async (client) => {
    await client.role('root').create()
    await client
      .user('root')
      .create(rootUser.password)
      .then((user) => user.addRole('root'))
    const reads = await client.role('reads').create()
    await reads.grant({ permission: 'Read', range: client.range({ prefix: '/test/' }) })
    await client.auth.authEnable()
  })
})
afterAll(() => server.stop())

describe.concurrent('A service with a user and a password', () => {
  it('serves the newest document over many expiries of its token, with cuts between them', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey({ admin })
    await put(1)
    const service = startService(test, { hosts: proxy.host, key, auth: await addUser() })
    await service.serves(1)
    const rounds = shortOrLong(3, 20)
    for (let n = 2; n <= rounds; n++) {
      await sleep(TOKEN_TTL_S * 2_000) // etcd does not show when it has forgotten a token
      if (n % 2 === 0) proxy.cut()
      await put(n)
      await service.serves(n)
    }
    await disconnect(proxy)
    await sleep(TOKEN_TTL_S * 2_000)
    await put(rounds + 1)
    await proxy.heal()
    await service.serves(rounds + 1)
  })

  it('shows source.unauthenticated after its password was changed, once it has to log in again', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey({ admin })
    const auth = await addUser()
    await put(1)
    const service = startService(test, { hosts: proxy.host, key, auth })
    await service.reaches('watching')
    await admin(async (client) => client.auth.userChangePassword({ name: auth.username, password: 'changed' }))
    proxy.cut()
    await service.showsError('source.unauthenticated')
    expect(service.serving()).toBe(1)
    await put(2)
    await admin(async (client) => client.auth.userChangePassword({ name: auth.username, password: auth.password }))
    await service.serves(2)
  })

  it('shows a wrong password as source.unauthenticated, asks at a low rate, and never shows the password', async (test) => {
    const { key, put } = newKey({ admin })
    const { username } = await addUser()
    await put(1)
    const service = startService(test, { hosts: server.endpoint, key, auth: { username, password: 'wrong-secret' } })
    service.allowedReads = 5
    await service.showsError('source.unauthenticated')
    await service.reaches('backing-off')
    await sleep(shortOrLong(2_000, 30_000))
    expect(JSON.stringify(service.reloader.status())).not.toMatch(/wrong-secret/)
    expect(service.failedStart()).toBeUndefined()
  })

  it('shows a missing permission as source.denied, and serves once it is granted', async (test) => {
    const { key, put } = newKey({ admin })
    await put(1)
    const auth = await addUser('nothing')
    const service = startService(test, { hosts: server.endpoint, key, auth })
    await service.showsError('source.denied')
    await admin(async (client) => client.user(auth.username).addRole('reads'))
    await service.serves(1)
  })

  it('keeps serving when its permission is revoked, and shows source.denied after the next connect', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey({ admin })
    await put(1)
    const auth = await addUser()
    const service = startService(test, { hosts: proxy.host, key, auth })
    await service.reaches('watching')
    await admin(async (client) => client.user(auth.username).removeRole('reads'))
    proxy.cut()
    await service.showsError('source.denied')
    expect(service.serving()).toBe(1)
    await put(2)
    await admin(async (client) => client.user(auth.username).addRole('reads'))
    await service.serves(2)
  })

  it('shows source.unauthenticated if etcd requires a user and it has none', async (test) => {
    const { key, put } = newKey({ admin })
    await put(1)
    const service = startService(test, { hosts: server.endpoint, key })
    await service.showsError('source.unauthenticated')
  })
})
