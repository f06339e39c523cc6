import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { createFakeReloader } from '../fake-reloader.ts'
import {
  type EventStream,
  freezeClock,
  openLink,
  openPage,
  openStream,
  PATIENT,
  send,
  sendRaw,
  startInspector,
} from '../inspector-client.ts'
import { transactionEvents } from '../transaction-events.ts'

describe('The inspector bounds', () => {
  it('its streams: it refuses the ninth until another one ends', async () => {
    const { reloader } = createFakeReloader()
    const server = await startInspector({ reloader })
    const session = await openLink(server)
    const streams: EventStream[] = []
    for (let times = 0; times < 8; times += 1) streams.push(await openStream(server, session))
    expect(streams.map(({ raw }) => raw.status)).toEqual(Array(8).fill(200))
    expect((await send(server.port, `${server.path}events`, { headers: session })).status).toBe(503)
    streams[0]?.close()
    await vi.waitFor(async () => {
      const next = await openStream(server, session)
      next.close()
      expect(next.raw.status).toBe(200)
    }, PATIENT)
    for (const { close } of streams) close()
  })

  it('its connections: it hangs up on those beyond sixty-four', async () => {
    const { reloader } = createFakeReloader()
    const { port } = await startInspector({ reloader })
    const states = Array.from({ length: 80 }, () => {
      const state = { isClosed: false }
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.on('close', () => {
        state.isClosed = true
      })
      return { state, socket }
    })
    await vi.waitFor(
      () => expect(states.filter(({ state }) => state.isClosed).length).toBeGreaterThanOrEqual(16),
      PATIENT,
    )
    for (const { socket } of states) socket.destroy()
  })

  it('the size of headers', async () => {
    const { reloader } = createFakeReloader()
    const { port, path } = await startInspector({ reloader })
    const answer = await send(port, path, { headers: { cookie: 'a'.repeat(9_000) } })
    expect(answer.status).toBe(431)
    expect((await send(port, path, { headers: { cookie: 'a'.repeat(4_000) } })).status).toBe(401)
  })

  it('the rate of requests without a session: it refuses a flood for a while', async () => {
    const { reloader } = createFakeReloader()
    const server = await startInspector({ reloader })
    const clock = freezeClock()
    const statuses: number[] = []
    for (let times = 0; times < 220; times += 1) statuses.push((await send(server.port, server.path)).status)
    expect(statuses).toEqual([...Array(200).fill(401), ...Array(20).fill(429)])
    clock.advance(20)
    expect((await send(server.port, server.path)).status).toBe(401)
    expect((await send(server.port, server.path)).status).toBe(429)
  })

  it('the duration of a request: it hangs up on one that never ends', async () => {
    const { reloader } = createFakeReloader()
    const { port } = await startInspector({ reloader })
    expect(await sendRaw(port, 'GET / HTTP/1.1\r\nHost: 127.0.0.1')).toMatch(/^(HTTP\/1\.1 408 |$)/)
  })

  it('the duration of a body: it hangs up on one that never ends', async () => {
    const { reloader } = createFakeReloader({ reload: () => {} })
    const server = await startInspector({ reloader, actions: true })
    const { session, stream, hello } = await openPage(server)
    const head = [
      `POST ${server.path}actions/reload HTTP/1.1`,
      `Host: 127.0.0.1:${server.port}`,
      `Origin: http://127.0.0.1:${server.port}`,
      `Cookie: ${session.cookie}`,
      `X-Changeover-Csrf: ${hello.csrfToken}`,
      'Content-Type: application/json',
      'Content-Length: 100',
    ]
    expect(await sendRaw(server.port, `${head.join('\r\n')}\r\n\r\n{`)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/)
    stream.close()
  })

  it('input that is not HTTP: it answers 400 and stays up', async () => {
    const { reloader } = createFakeReloader()
    const server = await startInspector({ reloader })
    expect(await sendRaw(server.port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await sendRaw(server.port, `${'x'.repeat(100_000)}\r\n\r\n`)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/)
    await openLink(server)
  })
})

describe('The inspector, when it closes,', () => {
  it('ends every stream and connection and frees the port, even if close is called twice', async () => {
    const { reloader, isObserved } = createFakeReloader()
    const server = await startInspector({ reloader })
    const session = await openLink(server)
    const stream = await openStream(server, session)
    const idle = connect(server.port, '127.0.0.1')
    idle.on('error', () => {})
    const hungUp = new Promise((resolve) => idle.on('close', resolve))
    await Promise.all([server.inspected.close(), server.inspected.close()])
    await hungUp
    await vi.waitFor(
      () => expect([stream.raw.hasEnded, stream.last('end')]).toEqual([true, { reason: 'inspector.closed' }]),
      PATIENT,
    )
    expect(isObserved()).toBe(false)
    await expect(send(server.port, server.path)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const again = await startInspector({ reloader, port: server.port })
    expect(again.port).toBe(server.port)
  })

  it('does not wait for a running action', async () => {
    const { reloader } = createFakeReloader({ reload: () => new Promise(() => {}) })
    const server = await startInspector({ reloader, actions: true })
    const { actionHeaders: headers } = await openPage(server)
    const action = send(server.port, `${server.path}actions/reload`, { method: 'POST', headers, body: '{}' })
    const hungUp = expect(action).rejects.toMatchObject({ code: 'ECONNRESET' }) // Before its ten seconds are over.
    await vi.waitFor(async () => expect((await send(server.port, server.path)).status).toBe(401), PATIENT)
    await server.inspected.close()
    await hungUp
  })

  it('does not wait for a client that reads nothing', async () => {
    const { reloader } = createFakeReloader()
    const server = await startInspector({ reloader })
    const { cookie } = await openLink(server)
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write(`GET ${server.path}events HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${cookie}\r\n\r\n`)
    await server.inspected.close()
    socket.destroy()
  })
})

describe('The inspector does not find a transaction', () => {
  it.each([
    '..%2f..%2fetc%2fpasswd.json',
    '../../../package.json',
    '%00.json',
    't-1.html',
    '__proto__.json',
    `${'t'.repeat(200)}.json`,
    't-1.json%0d%0aset-cookie:%20a=b',
  ])('that is named %s', async (name) => {
    const { reloader, emit } = createFakeReloader()
    const server = await startInspector({ reloader })
    emit(transactionEvents(1).began)
    const headers = await openLink(server)
    const answer = await send(server.port, `${server.path}transactions/${name}`, { headers })
    expect(answer.status).toBe(404)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })
})

describe('The function inspector', () => {
  it('rejects a port that is in use', async () => {
    const { reloader } = createFakeReloader()
    const { port } = await startInspector({ reloader })
    await expect(startInspector({ reloader, port })).rejects.toMatchObject({ code: 'reloader.invalid-option' })
  })
})
