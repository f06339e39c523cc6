import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createFakeReloader } from '../fake-reloader.ts'
import {
  freezeClock,
  openLink,
  openPage,
  openStream,
  PATIENT,
  send,
  sendRaw,
  startInspector,
  type TestInspector,
} from '../inspector-client.ts'

const start = async () => {
  const { reloader } = createFakeReloader({ reload: () => {} })
  const server = await startInspector({ reloader, actions: true })
  const page = await openPage(server)
  const { actionHeaders: headers, session } = page
  const act = async () =>
    (await send(server.port, `${server.path}actions/reload`, { method: 'POST', headers, body: '{}' })).status
  const load = async () => (await send(server.port, server.path, { headers: session })).status
  return { server, ...page, act, load }
}

/** Sends one request many times, some at once, and returns the statuses that were answered. */
const flood = async (times: number, request: () => Promise<{ readonly status: number }>): Promise<Set<number>> => {
  const statuses = new Set<number>()
  for (let sent = 0; sent < times; sent += 10) {
    const answers = await Promise.all(Array.from({ length: 10 }, request))
    for (const { status } of answers) statuses.add(status)
  }
  return statuses
}

/** Keeps as many connections open as it can that send nothing useful, and opens another one for each that is closed. */
const crowd = (port: number, count: number, text: string, localAddress = '127.0.0.1') => {
  const sockets = new Set<Socket>()
  let opened = 0
  let isOver = false
  const open = (): void => {
    if (isOver) return
    opened += 1
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => socket.write(text))
    sockets.add(socket)
    socket.resume().on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      setImmediate(open)
    })
  }
  for (let times = 0; times < count; times += 1) open()
  const stop = (): void => {
    isOver = true
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(stop)
  return { opened: () => opened, stop }
}

/** What an operator does first, and what the attacker must not prevent. */
const expectService = async ({ server, act, load }: Awaited<ReturnType<typeof start>>): Promise<void> => {
  expect(await load()).toBe(200)
  expect(await act()).toBe(200)
  const other = await openLink(server)
  const stream = await openStream(server, other)
  expect(stream.raw.status).toBe(200)
  stream.close()
}

describe('The operator keeps the page', () => {
  it.each([
    ['fetches', { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }],
    ['loads images', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['is another name for this host', { host: 'rebound.example' }],
    ['is on another port, so that the browser sends the cookie', { origin: 'http://127.0.0.1:1', cookie: 'own' }],
  ])('while a page that %s floods the inspector', async (_, given) => {
    const operator = await start()
    const { server, session, act } = operator
    freezeClock()
    const headers = 'cookie' in given ? { ...given, ...session } : given
    const actions: number[] = []
    const statuses = new Set<number>()
    for (let times = 0; times < 9; times += 1) {
      for (const status of await flood(50, () => send(server.port, server.path, { headers }))) statuses.add(status)
      actions.push(await act())
    }
    expect(actions).toEqual(Array(9).fill(200))
    expect([...statuses]).toEqual(['host' in headers ? 421 : 403])
    await expectService(operator)
  })

  it('while a page on another port opens the page and its streams in windows', async () => {
    const operator = await start()
    const { server, session } = operator
    freezeClock()
    const window = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const visit = (name: string) => send(server.port, server.path + name, { headers: { ...session, ...window } })
    expect(await flood(100, () => visit('events'))).toEqual(new Set([403]))
    expect(await flood(300, () => visit(''))).toEqual(new Set([200, 429]))
    await expectService(operator)
  })

  it('while a program without a session floods the inspector', async () => {
    const operator = await start()
    const { port, path } = operator.server
    freezeClock()
    expect(await flood(300, () => send(port, path))).toEqual(new Set([401, 429]))
    expect(await flood(50, () => send(port, `${path}?token=wrong`))).toEqual(new Set([401, 429]))
    expect(await flood(50, () => send(port, `${path}actions/reload`, { method: 'POST' }))).toEqual(new Set([403]))
    await expectService(operator)
  })

  it('while another session uses up all that it may do', async () => {
    const operator = await start()
    const { server } = operator
    const other = await openPage(server)
    freezeClock()
    const reload = { method: 'POST', headers: other.actionHeaders, body: '{}' }
    expect(await flood(20, () => send(server.port, `${server.path}actions/reload`, reload))).toEqual(
      new Set([200, 429]),
    )
    expect(await flood(300, () => send(server.port, server.path, { headers: other.session }))).toContain(429)
    await expectService(operator)
  })

  it.each([
    [
      'send half a request',
      (server: TestInspector) => `GET ${server.path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n`,
    ],
    ['send nothing', () => ''],
    [
      'announce a body',
      ({ path, port }: TestInspector) =>
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\nContent-Length: 9\r\n\r\n`,
    ],
  ])('while sixty-four connections %s, and are opened again when they are closed', async (_, text) => {
    const operator = await start()
    const { server, load, stream } = operator
    const slow = crowd(server.port, 64, text(server))
    await vi.waitFor(() => expect(slow.opened()).toBeGreaterThan(64), PATIENT)
    const statuses: number[] = []
    for (let times = 0; times < 20; times += 1) statuses.push(await load())
    expect(statuses).toEqual(Array(20).fill(200))
    await expectService(operator)
    expect(stream.raw.hasEnded).toBe(false)
  })

  it('while another address opens connections, however slow the operator is', async () => {
    const { server, session } = await start()
    let answer = ''
    const socket = connect(server.port, '127.0.0.1')
    socket.on('data', (chunk) => {
      answer += chunk
    })
    onTestFinished(() => void socket.destroy())
    socket.write(`GET ${server.path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${session.cookie}\r\n`)
    const slow = crowd(server.port, 80, '', '127.0.0.2')
    await vi.waitFor(() => expect(slow.opened()).toBeGreaterThan(160), PATIENT)
    socket.write('\r\n')
    await vi.waitFor(() => expect(answer).toMatch(/^HTTP\/1\.1 200 /), PATIENT)
  })
})

describe('A connection without a session', () => {
  it('is closed after its answer if it announces a body', async () => {
    const { server } = await start()
    const head = [
      `POST ${server.path}actions/reload HTTP/1.1`,
      `Host: 127.0.0.1:${server.port}`,
      `Origin: http://127.0.0.1:${server.port}`,
      'Content-Type: application/json',
      'Content-Length: 100',
    ]
    expect(await sendRaw(server.port, `${head.join('\r\n')}\r\n\r\n{`)).toMatch(/^HTTP\/1\.1 401 /)
  })
})
