import { ChangeoverError } from 'changeover'
import type { InspectorOptions } from 'changeover/inspect'
import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it, vi } from 'vitest'
import { runAction } from '../../src/inspect/actions.ts'
import { failure } from '../../src/model/failure.ts'
import { createFakeReloader } from './fake-reloader.ts'
import { type HttpRequest, openLink, openPage, send, startInspector, type TestInspector } from './inspector-client.ts'

/** Starts an inspector with actions, and returns the headers that its page sends with each of them. */
const open = async (
  methods: Readonly<Record<string, (...inputs: never[]) => unknown>>,
  options: Partial<InspectorOptions> = { actions: true },
) => {
  const { reloader } = createFakeReloader(methods)
  const server = await startInspector({ reloader, ...options })
  const { stream, hello, actionHeaders: headers } = await openPage(server)
  stream.close()
  return { server, hello, headers }
}

const post = ({ port, path }: TestInspector, name: string, request: HttpRequest) =>
  send(port, `${path}actions/${name}`, { method: 'POST', body: '{}', ...request })

describe('The actions', () => {
  it('are off by default, and the page is offered none', async () => {
    const reload = vi.fn()
    const { server, hello, headers } = await open({ reload }, {})
    const { status, body } = await post(server, 'reload', { headers })
    expect([status, JSON.parse(body).failure.code, hello.actions]).toEqual([403, 'inspector.actions-off', []])
    expect(reload).not.toHaveBeenCalled()
  })

  it('are those for which the reloader has a method', async () => {
    const { hello } = await open({ reload: () => {}, freeze: () => {}, plan: () => {}, close: () => {}, use: () => {} })
    expect(hello.actions).toEqual(['reload', 'freeze'])
  })

  it('call the method of the same name with their inputs', async () => {
    const calls: unknown[] = []
    const names = ['reload', 'retry', 'release', 'revert', 'freeze', 'unfreeze', 'confirm']
    const methods = Object.fromEntries(
      names.map((name) => [name, (...inputs: unknown[]) => void calls.push([name, ...inputs])]),
    )
    const { server, headers } = await open(methods)
    const requests: [string, object][] = [
      ['reload', {}],
      ['retry', {}],
      ['release', {}],
      ['release', { digest: 'ab12' }],
      ['revert', {}],
      ['revert', { to: '7', by: 'Ada' }],
      ['freeze', { reason: 'a release is under way' }],
      ['freeze', { reason: 'a release is under way', by: 'Ada' }],
      ['unfreeze', {}],
      ['confirm', { transaction: 'a-1' }],
    ]
    for (const [name, body] of requests) {
      const answer = await post(server, name, { headers, body: JSON.stringify(body) })
      expect([name, answer.status, JSON.parse(answer.body)]).toEqual([name, 200, { ok: true }])
    }
    expect(calls).toEqual([
      ['reload'],
      ['retry'],
      ['release', {}],
      ['release', { digest: 'ab12' }],
      ['revert', {}],
      ['revert', { to: '7', by: 'Ada' }],
      ['freeze', 'a release is under way', {}],
      ['freeze', 'a release is under way', { by: 'Ada' }],
      ['unfreeze'],
      ['confirm', 'a-1'],
    ])
  })

  it('answer with the outcome and the id of their transaction, and with nothing else that the method returned', async () => {
    const { server, headers } = await open({
      reload: async () => ({ outcome: 'committed', id: 'a-2', secret: 'hunter2' }),
    })
    const { status, body } = await post(server, 'reload', { headers })
    expect([status, JSON.parse(body)]).toEqual([200, { ok: true, outcome: 'committed', transaction: 'a-2' }])
  })

  it("answer with the reloader's own error", async () => {
    const error = new ChangeoverError(failure('reloader.closed'))
    const { server, headers } = await open({ reload: () => Promise.reject(error) })
    const { status, body } = await post(server, 'reload', { headers })
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
      'rejects with an imitation of our error',
      () => Promise.reject({ name: 'ChangeoverError', failures: [{ message: 'hunter2' }] }),
    ],
  ])('reveal nothing of a foreign error when a method %s', async (_, reload) => {
    const { server, headers } = await open({ reload })
    const { status, body } = await post(server, 'reload', { headers })
    expect(status).toBe(409)
    expect(body).not.toContain('hunter2')
  })
})

describe('An action that takes long', () => {
  it('is answered after ten seconds, and its late failure does no harm', async () => {
    const clock = createVirtualClock()
    let fail: (error: Error) => void = () => {}
    const reload = () =>
      new Promise((_, reject) => {
        fail = reject
      })
    const answer = runAction({ reload }, 'reload', {}, clock)
    await clock.advance(9_999)
    expect(clock.pending()).toBe(1)
    await clock.advance(1)
    expect(await answer).toEqual({ status: 202, result: { ok: true, pending: true } })
    fail(new Error('late'))
    await clock.advance(0)
  })
})

describe('The inspector refuses an action', () => {
  /** Sends a forged action and then a valid one, of which only the valid one may run. */
  const attack = async (name: string, forge: (headers: Record<string, string>) => HttpRequest) => {
    const reload = vi.fn()
    const { server, headers } = await open({ reload })
    const { status } = await post(server, name, forge(headers))
    const valid = await post(server, 'reload', { headers })
    expect([valid.status, reload.mock.calls.length]).toEqual([200, 1])
    return status
  }

  const without = (headers: Record<string, string>, ...names: string[]): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))

  it('that has no session', async () => {
    expect(await attack('reload', (headers) => ({ headers: without(headers, 'cookie') }))).toBe(401)
  })

  it('that has no CSRF token', async () => {
    expect(await attack('reload', (headers) => ({ headers: without(headers, 'x-changeover-csrf') }))).toBe(403)
  })

  it('that has a wrong CSRF token', async () => {
    const forge = (headers: Record<string, string>) => ({
      headers: { ...headers, 'x-changeover-csrf': 'A'.repeat(43) },
    })
    expect(await attack('reload', forge)).toBe(403)
  })

  it('that has no Origin, which every browser sends', async () => {
    expect(await attack('reload', (headers) => ({ headers: without(headers, 'origin') }))).toBe(403)
  })

  it.each(['http://evil.example', 'null', 'http://127.0.0.1:1', 'file://'])(
    'that comes from the origin %s',
    async (origin) => {
      expect(await attack('reload', (headers) => ({ headers: { ...headers, origin } }))).toBe(403)
    },
  )

  it.each(['GET', 'PUT', 'DELETE', 'PATCH'])('that is sent with %s', async (method) => {
    expect(await attack('reload', (headers) => ({ headers, method, body: method === 'PUT' ? '{}' : '' }))).toBe(405)
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonp', ''])(
    'that has the content type "%s", which a form could send',
    async (type) => {
      expect(await attack('reload', (headers) => ({ headers: { ...headers, 'content-type': type } }))).toBe(415)
    },
  )

  it.each(['constructor', '__proto__', 'toString', 'plan', 'close', 'use', '', 'reload%00', 'RELOAD'])(
    'that has the unknown name "%s"',
    async (name) => {
      expect(await attack(name, (headers) => ({ headers }))).toBe(404)
    },
  )

  it.each(['', '[]', 'null', '"text"', '{', '{}{}'])('that has the body %s', async (body) => {
    expect(await attack('reload', (headers) => ({ headers, body }))).toBe(400)
  })

  it.each([5_000, 200_000, 5_000_000])(
    'that has a body of %i bytes, whether its length is sent or not',
    async (size) => {
      const body = JSON.stringify({ reason: 'x'.repeat(size) })
      expect(await attack('reload', (headers) => ({ headers, body }))).toBe(413)
      const chunked = (headers: Record<string, string>) => ({
        headers: { ...headers, 'transfer-encoding': 'chunked' },
        body,
      })
      expect(await attack('reload', chunked)).toBe(413)
    },
  )

  it('that has the CSRF token of another session', async () => {
    const reload = vi.fn()
    const { server, headers } = await open({ reload })
    const { cookie } = await openLink(server)
    expect((await post(server, 'reload', { headers: { ...headers, cookie } })).status).toBe(403)
    expect(reload).not.toHaveBeenCalled()
  })

  it('that exceeds the rate limit', async () => {
    const reload = vi.fn()
    const { server, headers } = await open({ reload })
    const statuses: number[] = []
    for (let times = 0; times < 20; times += 1) statuses.push((await post(server, 'reload', { headers })).status)
    expect(statuses).toContain(429)
    expect(reload.mock.calls.length).toBe(statuses.filter((status) => status === 200).length)
  })

  it.each([{ reason: 7 }, {}, { reason: '' }, { reason: 'x'.repeat(300) }, { reason: 'x', by: 7 }])(
    'that has the invalid input %j',
    async (body) => {
      const freeze = vi.fn()
      const { server, headers } = await open({ freeze })
      expect((await post(server, 'freeze', { headers, body: JSON.stringify(body) })).status).toBe(400)
      expect(freeze).not.toHaveBeenCalled()
    },
  )
})
