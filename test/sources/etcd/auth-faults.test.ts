import type { Etcd3 } from 'etcd3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { begin, disconnect, lasting, newKey, pass, useProxy } from './scene.ts'

// Tokens that expire within the tests; the long ones take one that a cluster might have.
const TOKEN_TTL_S = lasting(1, 3)
const rootUser = { username: 'root', password: 'root-secret' }

let server: EtcdServer
let users = 0

/** As root. Every change of users or roles outdates the tokens of all, those of the other tests' clients too. */
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

/** A user who may read the tests' keys, or nothing. */
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

describe.concurrent('With a user and a password', () => {
  it('the newest document serves over many expiries of the token, with cuts between them', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey({ admin })
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key, auth: await addUser() })
    await scene.serves(1)
    const rounds = lasting(3, 20)
    for (let n = 2; n <= rounds; n++) {
      await pass(TOKEN_TTL_S * 2_000) // no condition tells that etcd has forgotten a token
      if (n % 2 === 0) proxy.cut()
      await put(n)
      await scene.serves(n)
    }
    await disconnect(proxy)
    await pass(TOKEN_TTL_S * 2_000)
    await put(rounds + 1)
    await proxy.heal()
    await scene.serves(rounds + 1)
  })

  it('a password that is changed while it watches is named once it has to log in anew', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey({ admin })
    const auth = await addUser()
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key, auth })
    await scene.comesTo('watching')
    await admin(async (client) => client.auth.userChangePassword({ name: auth.username, password: 'changed' }))
    proxy.cut()
    await scene.names('source.unauthenticated')
    expect(scene.serving()).toBe(1)
    await put(2)
    await admin(async (client) => client.auth.userChangePassword({ name: auth.username, password: auth.password }))
    await scene.serves(2)
  })

  it('a wrong password is named, asked gently, and never shown', async (test) => {
    const { key, put } = newKey({ admin })
    const { username } = await addUser()
    await put(1)
    const scene = begin(test, { hosts: server.endpoint, key, auth: { username, password: 'wrong-secret' } })
    scene.allowedReads = 5
    await scene.names('source.unauthenticated')
    await scene.comesTo('backing-off')
    await pass(lasting(2_000, 30_000))
    expect(JSON.stringify(scene.reloader.status())).not.toMatch(/wrong-secret/)
    expect(scene.failedStart()).toBeUndefined()
  })

  it('a permission that is missing is named; once it is granted, the document serves', async (test) => {
    const { key, put } = newKey({ admin })
    await put(1)
    const auth = await addUser('nothing')
    const scene = begin(test, { hosts: server.endpoint, key, auth })
    await scene.names('source.denied')
    await admin(async (client) => client.user(auth.username).addRole('reads'))
    await scene.serves(1)
  })

  it('a permission that is taken away is named when it next connects, and what served goes on', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey({ admin })
    await put(1)
    const auth = await addUser()
    const scene = begin(test, { hosts: proxy.host, key, auth })
    await scene.comesTo('watching')
    await admin(async (client) => client.user(auth.username).removeRole('reads'))
    proxy.cut()
    await scene.names('source.denied')
    expect(scene.serving()).toBe(1)
    await put(2)
    await admin(async (client) => client.user(auth.username).addRole('reads'))
    await scene.serves(2)
  })

  it('no user at all where etcd wants one is named', async (test) => {
    const { key, put } = newKey({ admin })
    await put(1)
    const scene = begin(test, { hosts: server.endpoint, key })
    await scene.names('source.unauthenticated')
  })
})
