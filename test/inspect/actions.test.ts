import { ChangeoverError } from 'changeover'
import type { InspectorOptions } from 'changeover/inspect'
import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it, vi } from 'vitest'
import { act } from '../../src/inspect/actions.ts'
import { failure } from '../../src/model/failure.ts'
import { fakeReloader } from './fake-reloader.ts'
import { type Ask, ask, enter, follow, inspect, type Scene } from './inspector-client.ts'

/** A scene with actions, a session, and what its page would send. */
const open = async (
  methods: Readonly<Record<string, (...inputs: never[]) => unknown>>,
  options: Partial<InspectorOptions> = { actions: true },
) => {
  const { reloader } = fakeReloader(methods)
  const scene = await inspect({ reloader, ...options })
  const { cookie } = await enter(scene)
  const stream = await follow(scene.port, `${scene.path}events`, { cookie })
  await vi.waitFor(() => expect(stream.last('hello')).toBeDefined(), { timeout: 20_000 })
  const hello = stream.last('hello')
  stream.leave()
  const headers = {
    cookie,
    origin: `http://127.0.0.1:${scene.port}`,
    'content-type': 'application/json',
    'x-changeover-csrf': hello.csrf,
  }
  return { scene, hello, headers }
}

const post = (scene: Scene, name: string, asked: Ask) =>
  ask(scene.port, `${scene.path}actions/${name}`, { method: 'POST', body: '{}', ...asked })

describe('actions', () => {
  it('are off unless they are enabled, and the page is offered none', async () => {
    const reload = vi.fn()
    const { scene, hello, headers } = await open({ reload }, {})
    const { status, body } = await post(scene, 'reload', { headers })
    expect([status, JSON.parse(body).failure.code, hello.actions]).toEqual([403, 'inspector.actions-off', []])
    expect(reload).not.toHaveBeenCalled()
  })

  it('are those that the reloader has', async () => {
    const { hello } = await open({ reload: () => {}, freeze: () => {}, plan: () => {}, close: () => {}, use: () => {} })
    expect(hello.actions).toEqual(['reload', 'freeze'])
  })

  it('call the method of their name with what it takes', async () => {
    const calls: unknown[] = []
    const names = ['reload', 'retry', 'release', 'revert', 'freeze', 'unfreeze', 'confirm']
    const methods = Object.fromEntries(
      names.map((name) => [name, (...inputs: unknown[]) => void calls.push([name, ...inputs])]),
    )
    const { scene, headers } = await open(methods)
    const asked: [string, object][] = [
      ['reload', {}],
      ['retry', {}],
      ['release', {}],
      ['release', { digest: 'ab12' }],
      ['revert', {}],
      ['revert', { to: '7' }],
      ['freeze', { reason: 'a release is under way' }],
      ['unfreeze', {}],
      ['confirm', { transaction: 'a-1' }],
    ]
    for (const [name, body] of asked) {
      const answer = await post(scene, name, { headers, body: JSON.stringify(body) })
      expect([name, answer.status, JSON.parse(answer.body)]).toEqual([name, 200, { ok: true }])
    }
    expect(calls).toEqual([
      ['reload'],
      ['retry'],
      ['release', {}],
      ['release', { digest: 'ab12' }],
      ['revert', {}],
      ['revert', { to: '7' }],
      ['freeze', 'a release is under way'],
      ['unfreeze'],
      ['confirm', 'a-1'],
    ])
  })

  it('answer with the transaction that came of them, and with nothing else of what the method returned', async () => {
    const { scene, headers } = await open({
      reload: async () => ({ outcome: 'committed', id: 'a-2', secret: 'hunter2' }),
    })
    const { status, body } = await post(scene, 'reload', { headers })
    expect([status, JSON.parse(body)]).toEqual([200, { ok: true, outcome: 'committed', transaction: 'a-2' }])
  })

  it("answer with the reloader's refusal", async () => {
    const refused = new ChangeoverError(failure('reloader.closed'))
    const { scene, headers } = await open({ reload: () => Promise.reject(refused) })
    const { status, body } = await post(scene, 'reload', { headers })
    expect([status, JSON.parse(body).failure.code]).toEqual([409, 'reloader.closed'])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('password hunter2 is wrong')
      },
    ],
    ['rejects', () => Promise.reject(new Error('password hunter2 is wrong'))],
    [
      'rejects with what looks like one of ours',
      () => Promise.reject({ name: 'ChangeoverError', failures: [{ message: 'hunter2' }] }),
    ],
  ])('tell nothing of a foreign error, where a method %s', async (_, reload) => {
    const { scene, headers } = await open({ reload })
    const { status, body } = await post(scene, 'reload', { headers })
    expect(status).toBe(409)
    expect(body).not.toContain('hunter2')
  })
})

describe('an action that takes long', () => {
  it('is answered after ten seconds; the stream tells how it ends, and its late failure ends nothing', async () => {
    const clock = createVirtualClock()
    let fail: (error: Error) => void = () => {}
    const reload = () =>
      new Promise((_, reject) => {
        fail = reject
      })
    const answering = act({ reload }, 'reload', {}, clock)
    await clock.advance(9_999)
    expect(clock.pending()).toBe(1)
    await clock.advance(1)
    expect(await answering).toEqual({ status: 202, answer: { ok: true, pending: true } })
    fail(new Error('late'))
    await clock.advance(0)
  })
})

describe('an action is not done', () => {
  const attack = async (name: string, change: (headers: Record<string, string>, scene: Scene) => Ask) => {
    const reload = vi.fn()
    const { scene, headers } = await open({ reload })
    const { status } = await post(scene, name, change(headers, scene))
    const other = await post(scene, 'reload', { headers })
    expect([other.status, reload.mock.calls.length]).toEqual([200, 1]) // the good one, and no other
    return status
  }

  const without = (headers: Record<string, string>, ...names: string[]): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))

  it('without a session', async () => {
    expect(await attack('reload', (headers) => ({ headers: without(headers, 'cookie') }))).toBe(401)
  })

  it('without the CSRF token', async () => {
    expect(await attack('reload', (headers) => ({ headers: without(headers, 'x-changeover-csrf') }))).toBe(403)
  })

  it('with a wrong CSRF token', async () => {
    const wrong = (headers: Record<string, string>) => ({
      headers: { ...headers, 'x-changeover-csrf': 'A'.repeat(43) },
    })
    expect(await attack('reload', wrong)).toBe(403)
  })

  it('without an Origin, which every browser sends', async () => {
    expect(await attack('reload', (headers) => ({ headers: without(headers, 'origin') }))).toBe(403)
  })

  it.each(['http://evil.example', 'null', 'http://127.0.0.1:1', 'file://'])('from the origin %s', async (origin) => {
    expect(await attack('reload', (headers) => ({ headers: { ...headers, origin } }))).toBe(403)
  })

  it.each(['GET', 'PUT', 'DELETE', 'PATCH'])('by %s', async (method) => {
    expect(await attack('reload', (headers) => ({ headers, method, body: method === 'PUT' ? '{}' : '' }))).toBe(405)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', ''])(
    'with the body of a form: %s',
    async (type) => {
      expect(await attack('reload', (headers) => ({ headers: { ...headers, 'content-type': type } }))).toBe(415)
    },
  )

  it.each(['constructor', '__proto__', 'toString', 'plan', 'close', 'use', '', 'reload%00', 'RELOAD'])(
    'that is none: %s',
    async (name) => {
      expect(await attack(name, (headers) => ({ headers }))).toBe(404)
    },
  )

  it.each(['', '[]', 'null', '"text"', '{', '{}{}'])('with the body %s', async (body) => {
    expect(await attack('reload', (headers) => ({ headers, body }))).toBe(400)
  })

  it.each([5_000, 200_000, 5_000_000])('with a body of %i bytes, announced or not', async (size) => {
    const body = JSON.stringify({ reason: 'x'.repeat(size) })
    expect(await attack('reload', (headers) => ({ headers, body }))).toBe(413)
    const chunked = (headers: Record<string, string>) => ({
      headers: { ...headers, 'transfer-encoding': 'chunked' },
      body,
    })
    expect(await attack('reload', chunked)).toBe(413)
  })

  it('with the CSRF token of another session', async () => {
    const reload = vi.fn()
    const { scene, headers } = await open({ reload })
    const { cookie } = await enter(scene)
    expect((await post(scene, 'reload', { headers: { ...headers, cookie } })).status).toBe(403)
    expect(reload).not.toHaveBeenCalled()
  })

  it('more than some times a second', async () => {
    const reload = vi.fn()
    const { scene, headers } = await open({ reload })
    const statuses: number[] = []
    for (let times = 0; times < 20; times += 1) statuses.push((await post(scene, 'reload', { headers })).status)
    expect(statuses).toContain(429)
    expect(reload.mock.calls.length).toBe(statuses.filter((status) => status === 200).length)
  })

  it.each([{ reason: 7 }, {}, { reason: '' }, { reason: 'x'.repeat(300) }])(
    'with an input that is none: %j',
    async (body) => {
      const freeze = vi.fn()
      const { scene, headers } = await open({ freeze })
      expect((await post(scene, 'freeze', { headers, body: JSON.stringify(body) })).status).toBe(400)
      expect(freeze).not.toHaveBeenCalled()
    },
  )
})
