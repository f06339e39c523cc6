import { connect } from 'node:net'
import { inspector } from 'changeover/inspect'
import { describe, expect, it } from 'vitest'
import { createFakeReloader } from '../fake-reloader.ts'
import { freezeClock, openLink, openStream, send, sendRaw, startInspector } from '../inspector-client.ts'

const { reloader } = createFakeReloader()

describe('The inspector listens', () => {
  it('on 127.0.0.1 alone, so that no other address of the machine answers', async () => {
    const { port } = await startInspector({ reloader })
    const refused = await new Promise<string | undefined>((resolve) => {
      const socket = connect(port, '127.0.0.2', () => resolve(undefined))
      socket.on('error', ({ message }) => resolve(message))
    })
    expect(refused).toContain('ECONNREFUSED')
  })

  it.each([
    ['on all addresses without a token', { host: '0.0.0.0', allowedHosts: ['inspector.example'] }],
    ['on all addresses without allowed host names', { host: '0.0.0.0', token: 'a-token-of-my-own' }],
    ['on all addresses with an empty list of host names', { host: '::', token: 'a-token-of-my-own', allowedHosts: [] }],
    ['on a name that a resolver may point elsewhere', { host: 'localhost' }],
    ['on a name that begins like a loopback address', { host: '127.0.0.1.evil.example' }],
    ['with a token that can be guessed', { token: 'short' }],
    ['with an empty token', { token: '' }],
    ['with a token in an array', { token: ['a-token-of-my-own'] as unknown as string }],
    ['with a token in an object', { token: { toString: () => 'a-token-of-my-own' } as unknown as string }],
    ['with a token that is a String', { token: new String('a-token-of-my-own') as unknown as string }],
    ['with a number as token', { token: 1_234_567_890_123_456 as unknown as string }],
    ['with null as token', { token: null as unknown as string }],
    ['for every host name', { allowedHosts: ['*'] }],
    ['for an origin instead of a host name', { allowedHosts: ['https://inspector.example'] }],
    ['on an invalid port', { port: 70_000 }],
    ['with a misspelt option', { tokens: 'a-token-of-my-own' }],
    ['for an object that is not a reloader', { reloader: { status: () => reloader.status() } }],
  ])('never %s', async (_, options) => {
    await expect(inspector({ reloader, ...options })).rejects.toMatchObject({ code: 'reloader.invalid-option' })
  })

  it('elsewhere only with a token and host names, and answers only under those names', async () => {
    const token = 'a-token-of-my-own'
    const { inspected, port, path } = await startInspector({
      reloader,
      host: '0.0.0.0',
      token,
      allowedHosts: ['inspector.example', 'proxy.example:8443'],
    })
    expect(new URL(inspected.url).host).toBe(`inspector.example:${port}`)
    const statusOf = async (host: string): Promise<number> =>
      (await send(port, `${path}?token=${token}`, { headers: { host } })).status
    expect(await statusOf(`inspector.example:${port}`)).toBe(303)
    expect(await statusOf('INSPECTOR.example')).toBe(303)
    expect(await statusOf('proxy.example:8443')).toBe(303)
    expect(await statusOf(`127.0.0.1:${port}`)).toBe(421)
    expect(await statusOf('proxy.example:9999')).toBe(421)
  })
})

describe('The link', () => {
  it('holds 256 random bits, different ones for each inspector', async () => {
    const [one, other] = [await startInspector({ reloader }), await startInspector({ reloader })]
    expect(one.token).toMatch(/^[\w-]{43}$/)
    expect(other.token).not.toBe(one.token)
    expect(other.path).not.toBe(one.path)
  })

  it('becomes a cookie that scripts, other sites and servers on other ports cannot read, and leaves the address bar', async () => {
    const { port, path, token } = await startInspector({ reloader })
    const { status, headers, body } = await send(port, `${path}?token=${token}`)
    expect(status).toBe(303)
    expect(headers.location).toBe(path)
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(new RegExp(`^changeover-${port}=[\\w-]{43}; Path=${path}; HttpOnly; SameSite=Strict$`)),
    ])
    // A page on another port may learn the path or the cookie's name; neither holds the token.
    expect(JSON.stringify([headers, body])).not.toContain(token)
    expect(path).toMatch(/^\/[\w-]{22}\/$/)
  })

  it('opens one session, so that it is worthless when found later in a log or a history', async () => {
    const server = await startInspector({ reloader })
    await openLink(server)
    const again = await send(server.port, `${server.path}?token=${server.token}`)
    expect(again.status).toBe(401)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(server.inspected.url).not.toContain(server.token)
    await expect(openLink(server)).resolves.toEqual({ cookie: expect.stringContaining('=') })
  })

  it('leads back to the page when the same browser opens it again', async () => {
    const server = await startInspector({ reloader })
    const session = await openLink(server)
    const again = await send(server.port, `${server.path}?token=${server.token}`, { headers: session })
    expect([again.status, again.headers.location, again.headers['set-cookie']]).toEqual([303, server.path, undefined])
  })

  it('stays valid if it holds a token of the user', async () => {
    const token = 'a-token-of-my-own'
    const server = await startInspector({ reloader, token })
    expect((await openLink(server)).cookie).not.toBe((await openLink(server)).cookie)
    expect(server.inspected.url).toContain(token)
  })

  it.each([
    ['prefetches it', { 'sec-purpose': 'prefetch;prerender' }, 'GET'],
    ['prefetches it in the old way', { purpose: 'prefetch' }, 'GET'],
    ['requests its head, as chat services do', {}, 'HEAD'],
    ['submits a form', {}, 'POST'],
    ['submits a form with our own origin', { origin: 'own' }, 'POST'],
  ])('stays unused when a client only %s', async (_, headers, method) => {
    const server = await startInspector({ reloader })
    const own = 'origin' in headers ? { origin: `http://127.0.0.1:${server.port}` } : {}
    const answer = await send(server.port, `${server.path}?token=${server.token}`, {
      method,
      headers: { ...headers, ...own },
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.headers['set-cookie']).toBeUndefined()
    await openLink(server)
  })

  it.each([
    ['of its own', {}],
    ['of the user', { token: 'a-token-of-my-own' }],
  ])('with a token %s is tried ten times, then once a second, and still opens', async (_, options) => {
    const server = await startInspector({ reloader, ...options })
    const clock = freezeClock()
    const guess = async (n: number) => (await send(server.port, `${server.path}?token=guess-${n}`)).status
    const statuses: number[] = []
    for (let tries = 0; tries < 15; tries += 1) statuses.push(await guess(tries))
    expect(statuses).toEqual([...Array(10).fill(401), ...Array(5).fill(429)])
    await openLink(server)
    clock.advance(1_000)
    expect([await guess(15), await guess(16)]).toEqual([401, 429])
    await openLink(server)
  })

  it('on another page leads to a page that requests the inspector again as its own', async () => {
    // Browsers withhold a strict cookie from a navigation that another site started, including its redirects.
    const { port, path } = await startInspector({ reloader })
    const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const first = await send(port, path, { headers: { ...headers, 'sec-fetch-site': 'cross-site' } })
    const second = await send(port, path, { headers: { ...headers, 'sec-fetch-site': 'same-origin' } })
    expect([first.status, first.body.includes('http-equiv="refresh"')]).toEqual([401, true])
    expect([second.status, second.body.includes('http-equiv="refresh"')]).toEqual([401, false])
  })
})

describe('Without a session', () => {
  it('every request gets the same answer, so that it reveals nothing', async () => {
    const server = await startInspector({ reloader })
    await openLink(server)
    const { port, path } = server
    const targets = [path, `${path}events`, `${path}transactions/a-1.json`, '/', '/favicon.ico', `${path}nothing`]
    const answers = await Promise.all(targets.map((target) => send(port, target)))
    expect(answers.map(({ status }) => status)).toEqual(targets.map(() => 401))
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
  })

  it.each([
    ['a wrong value', (name: string) => `${name}=${'A'.repeat(43)}`],
    ['no value', (name: string) => `${name}=`],
    ["another inspector's name", (_: string, value: string) => `changeover-1=${value}`],
    ['the beginning of the right value', (name: string, value: string) => `${name}=${value.slice(0, -1)}`],
    ['the right value and more', (name: string, value: string) => `${name}=${value}x`],
  ])('a cookie with %s opens nothing', async (_, forge) => {
    const server = await startInspector({ reloader })
    const [name = '', value = ''] = (await openLink(server)).cookie.split('=')
    expect((await send(server.port, server.path, { headers: { cookie: forge(name, value) } })).status).toBe(401)
    expect((await send(server.port, server.path, { headers: { cookie: `${name}=${value}` } })).status).toBe(200)
  })

  it('a cookie that another server planted under our name locks no browser out', async () => {
    const server = await startInspector({ reloader })
    const { cookie } = await openLink(server)
    const [name] = cookie.split('=')
    const headers = { cookie: `other=1; ${name}=planted; ${cookie}` }
    expect((await send(server.port, server.path, { headers })).status).toBe(200)
  })

  it('a session of another inspector opens nothing', async () => {
    const [one, other] = [await startInspector({ reloader }), await startInspector({ reloader })]
    const { cookie } = await openLink(one)
    const stolen = cookie.replace(`changeover-${one.port}`, `changeover-${other.port}`)
    expect((await send(other.port, other.path, { headers: { cookie: stolen } })).status).toBe(401)
  })
})

describe('A request under another host name', () => {
  const names = (port: number): (string | undefined)[] => [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1',
    '127.0.0.1:1',
    `127.0.0.1.evil.example:${port}`,
    `127.0.0.1:${port}@evil.example`,
    `evil.example, 127.0.0.1:${port}`,
    '',
  ]

  it('is refused even with a session, because an attacker may have pointed that name at 127.0.0.1', async () => {
    const server = await startInspector({ reloader })
    const session = await openLink(server)
    for (const host of names(server.port)) {
      const page = await send(server.port, server.path, { headers: { ...session, host } })
      expect([host, page.status]).toEqual([host, 421])
      const link = new URL(server.inspected.url)
      const opened = await send(server.port, link.pathname + link.search, { headers: { host } })
      expect([host, opened.status, opened.headers['set-cookie']]).toEqual([host, 421, undefined])
    }
    await openLink(server)
  })

  it.each([
    ['two Hosts', (own: string, path: string) => `GET ${path} HTTP/1.1\r\nHost: ${own}\r\nHost: evil.example\r\n`],
    ['no Host', (_: string, path: string) => `GET ${path} HTTP/1.0\r\n`],
    ['an absolute URL', (own: string, path: string) => `GET http://evil.example${path} HTTP/1.1\r\nHost: ${own}\r\n`],
    [
      'a path that names a host',
      (own: string, path: string) => `GET //evil.example${path} HTTP/1.1\r\nHost: ${own}\r\n`,
    ],
  ])('is refused if it has %s', async (_, head) => {
    const server = await startInspector({ reloader })
    const { cookie } = await openLink(server)
    const text = `${head(`127.0.0.1:${server.port}`, server.path)}Cookie: ${cookie}\r\nConnection: close\r\n\r\n`
    expect(await sendRaw(server.port, text)).toMatch(/^HTTP\/1\.1 4(00|21) /)
  })

  it('is answered if the name is localhost', async () => {
    const server = await startInspector({ reloader })
    const headers = { ...(await openLink(server)), host: `localhost:${server.port}` }
    expect((await send(server.port, server.path, { headers })).status).toBe(200)
  })
})

describe('A request from another page', () => {
  it.each([
    ['a site', { origin: 'http://evil.example' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a server on another port of this host', { origin: 'http://127.0.0.1:1' }],
    ['a host whose name begins like ours', { origin: 'http://127.0.0.1.evil.example' }],
    [
      'a script of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' },
    ],
    [
      'a script of another port',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
    ],
    ['an image', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a frame', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
  ])('is refused although its cookie is valid: %s', async (_, headers) => {
    const server = await startInspector({ reloader })
    const session = await openLink(server)
    for (const target of ['', 'events', 'transactions/a-1.json']) {
      const answer = await send(server.port, server.path + target, { headers: { ...session, ...headers } })
      expect([target, answer.status]).toEqual([target, 403])
    }
    const opened = await send(
      server.port,
      `${server.path}?token=${new URL(server.inspected.url).searchParams.get('token')}`,
      {
        headers,
      },
    )
    expect([opened.status, opened.headers['set-cookie']]).toEqual([403, undefined])
  })

  it('gets no CORS header, not even for a preflight request', async () => {
    const server = await startInspector({ reloader, actions: true })
    const session = await openLink(server)
    const requests: [string, string][] = [
      ['OPTIONS', `${server.path}actions/reload`],
      ['OPTIONS', `${server.path}events`],
      ['GET', server.path],
      ['GET', '/nothing'],
      ['POST', `${server.path}actions/reload`],
    ]
    for (const [method, target] of requests) {
      for (const origin of ['http://evil.example', `http://127.0.0.1:${server.port}`]) {
        const headers = { ...session, origin, 'access-control-request-method': 'POST' }
        const answer = await send(server.port, target, { method, headers })
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      }
    }
  })
})

describe('The headers of every response', () => {
  it('forbid caching, framing, sniffing and referrers', async () => {
    const server = await startInspector({ reloader })
    const session = await openLink(server)
    const { port, path } = server
    const stream = await openStream(server, session)
    expect(stream.raw.status).toBe(200)
    stream.close()
    const answers = [
      await send(port, path, { headers: session }),
      await send(port, path, { headers: { accept: 'text/html' } }),
      await send(port, '/?token=wrong'),
      await send(port, `${path}nothing`, { headers: session }),
      await send(port, path, { headers: { host: 'evil.example' } }),
      await send(port, new URL(server.inspected.url).pathname + new URL(server.inspected.url).search),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 401, 404, 421, 303])
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      })
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    }
  })

  it('let a page run only what has its nonce, which is different each time', async () => {
    const server = await startInspector({ reloader })
    const session = await openLink(server)
    const nonces: string[] = []
    for (let times = 0; times < 2; times += 1) {
      const { headers, body } = await send(server.port, server.path, { headers: session })
      const policy = String(headers['content-security-policy'])
      const nonce = /script-src 'nonce-([\w-]{43})';/.exec(policy)?.[1] ?? ''
      expect(policy).toContain(`style-src 'nonce-${nonce}'`)
      expect(policy).not.toMatch(/unsafe|https?:|\*/)
      // Data does not run, so it needs no nonce.
      const tags = (body.match(/<(script|style)\b[^>]*>/g) ?? []).filter((tag) => !tag.includes('application/json'))
      expect(tags.length).toBeGreaterThan(0)
      for (const tag of tags) expect(tag).toContain(`nonce="${nonce}"`)
      nonces.push(nonce)
    }
    expect(nonces[0]).not.toBe(nonces[1])
  })
})
