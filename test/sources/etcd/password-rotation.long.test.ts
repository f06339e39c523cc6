import { systemClock, type Clock } from 'changeover'
import type { Etcd3 } from 'etcd3'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { etcdSource, publish, type EtcdAuth, type EtcdConnection } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { codeOf, never, readDocument, textOf } from '../follow.ts'
import { newKey, startService, useProxy } from './running-service.ts'

const rootUser = { username: 'root', password: 'root-secret' }

let server: EtcdServer
let users = 0

/** Runs `work` as root. Each change of a user invalidates all tokens, also those of the other tests' clients. */
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

const addUser = async (role: 'reads' | 'writes' | 'both' | undefined = 'reads'): Promise<EtcdAuth> => {
  const username = `user-${++users}`
  const password = `secret-${users}-1`
  await admin(async (client) => {
    const user = await client.user(username).create(password)
    if (role !== undefined) await user.addRole(role)
  })
  return { username, password }
}

const changePassword = (name: string, password: string) =>
  admin(async (client) => client.auth.userChangePassword({ name, password }))

beforeAll(async () => {
  server = await startEtcd()
  await server.admin(async (client) => {
    await client.role('root').create()
    const root = await client.user('root').create(rootUser.password)
    await root.addRole('root')
    const range = client.range({ prefix: '/test/' })
    for (const [name, permission] of [
      ['reads', 'Read'],
      ['writes', 'Write'],
      ['both', 'Readwrite'],
    ] as const) {
      await (await client.role(name).create()).grant({ permission, range })
    }
    await client.auth.authEnable()
  })
})
afterAll(() => server.stop())

/** A service whose `auth` is a function, with the number of its calls. */
const useRotating = async (test: TestContext) => {
  const proxy = await useProxy(test, server.port)
  const { key, put } = newKey({ admin })
  await put(1)
  const current = { auth: await addUser(), calls: 0 }
  const auth = async (): Promise<EtcdAuth> => {
    current.calls += 1
    return current.auth
  }
  const service = startService(test, { hosts: proxy.host, key, auth })
  await service.reaches('watching')
  return { proxy, put, current, service }
}

describe.concurrent('A service whose auth is a function', () => {
  it('follows a password that is changed in etcd first', async (test) => {
    const { proxy, put, current, service } = await useRotating(test)
    await changePassword(current.auth.username, 'secret-new')
    proxy.cut()
    await service.showsError('source.unauthenticated')
    expect(service.serving()).toBe(1)
    current.auth = { ...current.auth, password: 'secret-new' }
    await put(2)
    await service.serves(2)
    expect(JSON.stringify(service.reloader.status())).not.toMatch(/secret/)
  })

  it('follows a password that the function returns first, without a failed read', async (test) => {
    const { proxy, put, current, service } = await useRotating(test)
    current.auth = { ...current.auth, password: 'secret-new' }
    proxy.cut()
    await put(2)
    await service.serves(2)
    await changePassword(current.auth.username, 'secret-new')
    proxy.cut()
    await put(3)
    await service.serves(3)
    expect(service.states.filter(({ cause }) => cause === 'source.unauthenticated')).toEqual([])
  })

  it('follows several changes, and asks only after a refusal', async (test) => {
    const { proxy, put, current, service } = await useRotating(test)
    for (let n = 2; n <= 4; n++) {
      proxy.cut()
      await put(n)
      await service.serves(n)
    }
    expect(current.calls).toBe(1)
    for (let n = 5; n <= 7; n++) {
      current.auth = { ...current.auth, password: `secret-${n}` }
      await changePassword(current.auth.username, current.auth.password)
      proxy.cut()
      await put(n)
      await service.serves(n)
    }
    expect(current.calls).toBe(4)
  })

  it('follows a change to another user, after the role of the first was revoked', async (test) => {
    const { proxy, put, current, service } = await useRotating(test)
    const old = current.auth
    await admin(async (client) => client.user(old.username).removeRole('reads'))
    proxy.cut()
    await service.showsError('source.denied')
    current.auth = await addUser()
    await put(2)
    await service.serves(2)
  })

  it('follows a change to another user, after the first was deleted', async (test) => {
    const { proxy, put, current, service } = await useRotating(test)
    const old = current.auth
    current.auth = await addUser()
    await admin(async (client) => client.user(old.username).delete())
    proxy.cut()
    await put(2)
    await service.serves(2)
  })

  it('shows source.credentials while the function throws, and serves once it works', async (test) => {
    const { key, put } = newKey({ admin })
    await put(1)
    const user = await addUser()
    let isBroken = true
    const auth = (): EtcdAuth => {
      if (isBroken) throw new Error('no secret-file')
      return user
    }
    const service = startService(test, { hosts: server.endpoint, key, auth })
    await service.showsError('source.credentials')
    await service.reaches('backing-off')
    expect(JSON.stringify(service.reloader.status())).not.toMatch(/secret/)
    isBroken = false
    await service.serves(1)
  })
})

describe('A function for auth', () => {
  const hostile = {
    get username(): string {
      throw new Error('secret-getter')
    },
    password: 'x',
  }
  const never_ = new Promise<EtcdAuth>(() => undefined)

  it.each<[string, () => unknown]>([
    ['throws', () => thrower(new Error('secret'))],
    ['throws undefined', () => thrower(undefined)],
    ['rejects', async () => thrower(new Error('secret'))],
    ['never settles', () => never_],
    ['returns undefined', () => undefined],
    ['returns null', () => null],
    ['returns a text', () => 'secret'],
    ['returns a number', async () => 42],
    ['returns an object without a user', () => ({})],
    ['returns an empty user', () => ({ username: '', password: 'secret' })],
    ['returns a password that is no text', () => ({ username: 'x', password: Buffer.from('secret') })],
    ['returns a function', () => () => ({ username: 'x', password: 'secret' })],
    ['returns an object that throws when it is read', async () => hostile],
    ['returns a thenable that throws', () => ({ then: () => thrower(new Error('secret')) })],
  ])('makes reads, watches and publish fail with source.credentials if it %s', async (_, given) => {
    const options = { hosts: server.endpoint, key: '/test/x', auth: given as NonNullable<EtcdConnection['auth']> }
    const source = etcdSource({ ...options, deadlines: { callMs: 300 } })
    expect(await codeOf(source.read(never))).toBe('source.credentials')
    const events = source.watch({ lineage: '7/0', order: 1, name: '1' }, never)
    expect(await codeOf(events[Symbol.asyncIterator]().next())).toBe('source.credentials')
    await expect(publish({ ...options, deadlines: { callMs: 300 } }, '{}')).rejects.toMatchObject({
      code: 'source.credentials',
      message: expect.not.stringContaining('secret'),
    })
    await source.close?.()
  })

  it('that hangs does not delay close, nor a read whose signal aborts', async () => {
    const auth = () => never_
    const timers = new Set<unknown>()
    const clock: Clock = {
      ...systemClock,
      setTimeout: (callback, ms) => {
        const handle = systemClock.setTimeout(callback, ms)
        timers.add(handle)
        return handle
      },
      clearTimeout: (handle) => {
        timers.delete(handle)
        systemClock.clearTimeout(handle)
      },
    }
    const source = etcdSource({ hosts: server.endpoint, key: '/test/x', auth, clock, deadlines: { callMs: 600_000 } })
    const controller = new AbortController()
    const aborted = codeOf(source.read(controller.signal))
    const closed = codeOf(source.read(never))
    controller.abort()
    expect(await aborted).toBe('source.closed')
    await source.close?.()
    expect(await closed).toBe('source.closed')
    expect(timers.size).toBe(0)
  })

  it('is asked by each publish', async () => {
    const { key } = newKey({ admin })
    let user = await addUser('both')
    const target = { hosts: server.endpoint, key, auth: () => user }
    await publish(target, '{"n":1}')
    await changePassword(user.username, 'secret-new')
    await expect(publish(target, '{"n":2}')).rejects.toMatchObject({ code: 'source.unauthenticated' })
    user = { ...user, password: 'secret-new' }
    await publish(target, '{"n":3}')
  })
})

describe('A user who may only write', () => {
  it('publishes without ifRevision', async () => {
    const { key } = newKey({ admin })
    const writer = { hosts: server.endpoint, key, auth: await addUser('writes') }
    const first = await publish(writer, '{"n":1}')
    const second = await publish(writer, '{"n":2}')
    expect(BigInt(second)).toBeGreaterThan(BigInt(first))
    const source = etcdSource({ ...writer, auth: await addUser('reads') })
    expect(await readDocument(source).then(textOf)).toBe('{"n":2}')
    await source.close?.()
  })

  it('cannot publish with ifRevision, nor read', async () => {
    const { key } = newKey({ admin })
    const writer = { hosts: server.endpoint, key, auth: await addUser('writes') }
    const first = await publish(writer, '{"n":1}')
    await expect(publish(writer, '{"n":2}', { ifRevision: first })).rejects.toMatchObject({ code: 'source.denied' })
    const source = etcdSource(writer)
    expect(await codeOf(source.read(never))).toBe('source.denied')
    await source.close?.()
  })

  it('cannot publish elsewhere, and a user who may only read cannot publish', async () => {
    const auth = await addUser('writes')
    const elsewhere = publish({ hosts: server.endpoint, key: '/elsewhere', auth }, '{}')
    await expect(elsewhere).rejects.toMatchObject({ code: 'source.denied' })
    const reader = { hosts: server.endpoint, key: newKey({ admin }).key, auth: await addUser('reads') }
    await expect(publish(reader, '{}')).rejects.toMatchObject({ code: 'source.denied' })
  })
})

const thrower = (error: unknown): never => {
  throw error
}
