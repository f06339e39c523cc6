import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { fakeReloader } from '../fake-reloader.ts'
import { storyOf } from '../stream/broadcaster-fixture.ts'
import { ask, askRaw, enter, follow, inspect, type Stream } from '../inspector-client.ts'

const PATIENT = { timeout: 20_000 }

describe('an inspector is not worn out', () => {
  it('by streams: after eight the next is refused, and one that ends makes room', async () => {
    const { reloader } = fakeReloader()
    const scene = await inspect({ reloader })
    const session = await enter(scene)
    const streams: Stream[] = []
    for (let times = 0; times < 8; times += 1) streams.push(await follow(scene.port, `${scene.path}events`, session))
    expect(streams.map(({ raw }) => raw.status)).toEqual(Array(8).fill(200))
    expect((await ask(scene.port, `${scene.path}events`, { headers: session })).status).toBe(503)
    streams[0]?.leave()
    await vi.waitFor(async () => {
      const next = await follow(scene.port, `${scene.path}events`, session)
      next.leave()
      expect(next.raw.status).toBe(200)
    }, PATIENT)
    for (const { leave } of streams) leave()
  })

  it('by connections: those beyond sixty-four are hung up', async () => {
    const { reloader } = fakeReloader()
    const { port } = await inspect({ reloader })
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

  it('by large headers', async () => {
    const { reloader } = fakeReloader()
    const { port, path } = await inspect({ reloader })
    const answer = await ask(port, path, { headers: { cookie: 'a'.repeat(9_000) } })
    expect(answer.status).toBe(431)
    expect((await ask(port, path, { headers: { cookie: 'a'.repeat(4_000) } })).status).toBe(401)
  })

  it('by many requests: a flood is refused for a while', async () => {
    const { reloader } = fakeReloader()
    const scene = await inspect({ reloader })
    const statuses = new Set<number>()
    for (let times = 0; times < 400; times += 1) statuses.add((await ask(scene.port, scene.path)).status)
    expect(statuses).toContain(429)
    await vi.waitFor(async () => expect((await ask(scene.port, scene.path)).status).toBe(401), PATIENT)
  })

  it('by requests that never end: they are hung up within seconds', async () => {
    const { reloader } = fakeReloader()
    const { port } = await inspect({ reloader })
    expect(await askRaw(port, 'GET / HTTP/1.1\r\nHost: 127.0.0.1')).toMatch(/^(HTTP\/1\.1 408 |$)/)
  })

  it('by a body that never ends', async () => {
    const { reloader } = fakeReloader({ reload: () => {} })
    const scene = await inspect({ reloader, actions: true })
    const { cookie } = await enter(scene)
    const stream = await follow(scene.port, `${scene.path}events`, { cookie })
    await vi.waitFor(() => expect(stream.last('hello')).toBeDefined(), PATIENT)
    const head = [
      `POST ${scene.path}actions/reload HTTP/1.1`,
      `Host: 127.0.0.1:${scene.port}`,
      `Origin: http://127.0.0.1:${scene.port}`,
      `Cookie: ${cookie}`,
      `X-Changeover-Csrf: ${stream.last('hello').csrf}`,
      'Content-Type: application/json',
      'Content-Length: 100',
    ]
    expect(await askRaw(scene.port, `${head.join('\r\n')}\r\n\r\n{`)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/)
    stream.leave()
  })

  it.each([
    '..%2f..%2fetc%2fpasswd.json',
    '../../../package.json',
    '%00.json',
    't-1.html',
    '__proto__.json',
    `${'t'.repeat(200)}.json`,
    't-1.json%0d%0aset-cookie:%20a=b',
  ])('by the name of a transaction that is none: %s', async (name) => {
    const { reloader, announcer } = fakeReloader()
    const scene = await inspect({ reloader })
    announcer.announce(storyOf(1).began)
    const headers = await enter(scene)
    const answer = await ask(scene.port, `${scene.path}transactions/${name}`, { headers })
    expect(answer.status).toBe(404)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it('by what is no HTTP', async () => {
    const { reloader } = fakeReloader()
    const scene = await inspect({ reloader })
    expect(await askRaw(scene.port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await askRaw(scene.port, `${'x'.repeat(100_000)}\r\n\r\n`)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/)
    await enter(scene)
  })
})

describe('close', () => {
  it('says so to all streams, ends every connection, and frees the port; it may be called twice', async () => {
    const { reloader, announcer } = fakeReloader()
    const scene = await inspect({ reloader })
    const session = await enter(scene)
    const stream = await follow(scene.port, `${scene.path}events`, session)
    const idle = connect(scene.port, '127.0.0.1')
    idle.on('error', () => {})
    const hungUp = new Promise((resolve) => idle.on('close', resolve))
    await Promise.all([scene.inspected.close(), scene.inspected.close()])
    await hungUp
    await vi.waitFor(
      () => expect([stream.raw.ended, stream.last('bye')]).toEqual([true, { reason: 'inspector.closed' }]),
      PATIENT,
    )
    expect(announcer.isHeard).toBe(false)
    await expect(ask(scene.port, scene.path)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const again = await inspect({ reloader, port: scene.port })
    expect(again.port).toBe(scene.port)
  })

  it('does not wait for an action under way', async () => {
    const { reloader } = fakeReloader({ reload: () => new Promise(() => {}) })
    const scene = await inspect({ reloader, actions: true })
    const { cookie } = await enter(scene)
    const stream = await follow(scene.port, `${scene.path}events`, { cookie })
    await vi.waitFor(() => expect(stream.last('hello')).toBeDefined(), PATIENT)
    const headers = {
      cookie,
      origin: `http://127.0.0.1:${scene.port}`,
      'content-type': 'application/json',
      'x-changeover-csrf': stream.last('hello').csrf,
    }
    const asked = ask(scene.port, `${scene.path}actions/reload`, { method: 'POST', headers, body: '{}' })
    const answered = expect(asked).rejects.toMatchObject({ code: 'ECONNRESET' }) // hung up before its ten seconds
    await vi.waitFor(async () => expect((await ask(scene.port, scene.path)).status).toBe(401), PATIENT)
    await scene.inspected.close()
    await answered
  })

  it('does not wait for a reader who reads nothing', async () => {
    const { reloader } = fakeReloader()
    const scene = await inspect({ reloader })
    const { cookie } = await enter(scene)
    const socket = connect(scene.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write(`GET ${scene.path}events HTTP/1.1\r\nHost: 127.0.0.1:${scene.port}\r\nCookie: ${cookie}\r\n\r\n`)
    await scene.inspected.close()
    socket.destroy()
  })

  it('is refused a port that is taken, in words', async () => {
    const { reloader } = fakeReloader()
    const { port } = await inspect({ reloader })
    await expect(inspect({ reloader, port })).rejects.toMatchObject({ code: 'reloader.invalid-option' })
  })
})
