import { connect } from 'node:net'
import { inspector } from 'changeover/inspect'
import { describe, expect, it } from 'vitest'
import { fakeReloader } from '../fake-reloader.ts'
import { ask, askRaw, enter, follow, inspect } from '../inspector-client.ts'

const { reloader } = fakeReloader()

describe('where an inspector listens', () => {
  it('is 127.0.0.1 alone, so that no other address of the machine answers', async () => {
    const { port } = await inspect({ reloader })
    const refused = await new Promise<string | undefined>((resolve) => {
      const socket = connect(port, '127.0.0.2', () => resolve(undefined))
      socket.on('error', ({ message }) => resolve(message))
    })
    expect(refused).toContain('ECONNREFUSED')
  })

  it.each([
    ['all addresses without a token', { host: '0.0.0.0', allowedHosts: ['inspector.example'] }],
    ['all addresses without the names it may be asked by', { host: '0.0.0.0', token: 'a-token-of-my-own' }],
    ['all addresses with an empty list of names', { host: '::', token: 'a-token-of-my-own', allowedHosts: [] }],
    ['a name that another resolver may answer', { host: 'localhost' }],
    ['a name that begins like a loopback address', { host: '127.0.0.1.evil.example' }],
    ['a token that can be guessed', { token: 'short' }],
    ['a token that is none', { token: '' }],
    ['every name', { allowedHosts: ['*'] }],
    ['an origin for a name', { allowedHosts: ['https://inspector.example'] }],
    ['a port that is none', { port: 70_000 }],
    ['a misspelt option', { tokens: 'a-token-of-my-own' }],
    ['what is not a reloader', { reloader: { status: () => reloader.status() } }],
  ])('is never %s', async (_, options) => {
    await expect(inspector({ reloader, ...options })).rejects.toMatchObject({ code: 'reloader.invalid-option' })
  })

  it('may be elsewhere with a token and names of your own, and only those names are answered', async () => {
    const token = 'a-token-of-my-own'
    const { inspected, port, path } = await inspect({
      reloader,
      host: '0.0.0.0',
      token,
      allowedHosts: ['inspector.example', 'proxy.example:8443'],
    })
    expect(new URL(inspected.url).host).toBe(`inspector.example:${port}`)
    const statusOf = async (host: string): Promise<number> =>
      (await ask(port, `${path}?token=${token}`, { headers: { host } })).status
    expect(await statusOf(`inspector.example:${port}`)).toBe(303)
    expect(await statusOf('INSPECTOR.example')).toBe(303)
    expect(await statusOf('proxy.example:8443')).toBe(303)
    expect(await statusOf(`127.0.0.1:${port}`)).toBe(421)
    expect(await statusOf('proxy.example:9999')).toBe(421)
  })
})

describe('the link', () => {
  it('holds 256 random bits, another for each inspector', async () => {
    const [one, other] = [await inspect({ reloader }), await inspect({ reloader })]
    expect(one.token).toMatch(/^[\w-]{43}$/)
    expect(other.token).not.toBe(one.token)
    expect(other.path).not.toBe(one.path)
  })

  it('becomes a cookie that scripts, other sites and servers on other ports do not get, and leaves the address bar', async () => {
    const { port, path, token } = await inspect({ reloader })
    const { status, headers, body } = await ask(port, `${path}?token=${token}`)
    expect(status).toBe(303)
    expect(headers.location).toBe(path)
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(new RegExp(`^changeover-${port}=[\\w-]{43}; Path=${path}; HttpOnly; SameSite=Strict$`)),
    ])
    // What a neighbour's page could read or guess: neither the path nor the cookie holds the token.
    expect(JSON.stringify([headers, body])).not.toContain(token)
    expect(path).toMatch(/^\/[\w-]{22}\/$/)
  })

  it('opens one session: whoever finds it later, in a log or a history, is let in no more', async () => {
    const scene = await inspect({ reloader })
    await enter(scene)
    const again = await ask(scene.port, `${scene.path}?token=${scene.token}`)
    expect(again.status).toBe(401)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(scene.inspected.url).not.toContain(scene.token)
    await expect(enter(scene)).resolves.toEqual({ cookie: expect.stringContaining('=') })
  })

  it('that was used leads who used it back to the page', async () => {
    const scene = await inspect({ reloader })
    const session = await enter(scene)
    const again = await ask(scene.port, `${scene.path}?token=${scene.token}`, { headers: session })
    expect([again.status, again.headers.location, again.headers['set-cookie']]).toEqual([303, scene.path, undefined])
  })

  it('with a token of your own stays good', async () => {
    const token = 'a-token-of-my-own'
    const scene = await inspect({ reloader, token })
    expect((await enter(scene)).cookie).not.toBe((await enter(scene)).cookie)
    expect(scene.inspected.url).toContain(token)
  })

  it.each([
    ['prefetches', { 'sec-purpose': 'prefetch;prerender' }, 'GET'],
    ['prefetches in the old way', { purpose: 'prefetch' }, 'GET'],
    ['asks for its head, as chat services do', {}, 'HEAD'],
    ['sends a form', {}, 'POST'],
    ['sends a form as if from its own page', { origin: 'own' }, 'POST'],
  ])('is not used up by who only %s', async (_, headers, method) => {
    const scene = await inspect({ reloader })
    const own = 'origin' in headers ? { origin: `http://127.0.0.1:${scene.port}` } : {}
    const answer = await ask(scene.port, `${scene.path}?token=${scene.token}`, {
      method,
      headers: { ...headers, ...own },
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.headers['set-cookie']).toBeUndefined()
    await enter(scene)
  })

  it('cannot be found by trying: after ten wrong ones all are refused for a while', async () => {
    const scene = await inspect({ reloader })
    const statuses: number[] = []
    for (let tries = 0; tries < 15; tries += 1) {
      statuses.push((await ask(scene.port, `${scene.path}?token=guess-${tries}`)).status)
    }
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401))
    expect(statuses.slice(10)).toContain(429)
  })

  it('that led here from another page is followed by a page that asks again as its own', async () => {
    // A strict cookie is kept back in a navigation that another site has begun, its redirects included.
    const { port, path } = await inspect({ reloader })
    const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const first = await ask(port, path, { headers: { ...headers, 'sec-fetch-site': 'cross-site' } })
    const second = await ask(port, path, { headers: { ...headers, 'sec-fetch-site': 'same-origin' } })
    expect([first.status, first.body.includes('http-equiv="refresh"')]).toEqual([401, true])
    expect([second.status, second.body.includes('http-equiv="refresh"')]).toEqual([401, false])
  })
})

describe('without a session', () => {
  it('everything is refused alike, so that nothing is learnt of what there is', async () => {
    const scene = await inspect({ reloader })
    await enter(scene)
    const { port, path } = scene
    const places = [path, `${path}events`, `${path}transactions/a-1.json`, '/', '/favicon.ico', `${path}nothing`]
    const answers = await Promise.all(places.map((place) => ask(port, place)))
    expect(answers.map(({ status }) => status)).toEqual(places.map(() => 401))
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
  })

  it.each([
    ['a wrong value', (name: string) => `${name}=${'A'.repeat(43)}`],
    ['no value', (name: string) => `${name}=`],
    ["another inspector's name", (_: string, value: string) => `changeover-1=${value}`],
    ['the beginning of the right value', (name: string, value: string) => `${name}=${value.slice(0, -1)}`],
    ['the right value and more', (name: string, value: string) => `${name}=${value}x`],
  ])('nobody gets in by a cookie with %s', async (_, forge) => {
    const scene = await inspect({ reloader })
    const [name = '', value = ''] = (await enter(scene)).cookie.split('=')
    expect((await ask(scene.port, scene.path, { headers: { cookie: forge(name, value) } })).status).toBe(401)
    expect((await ask(scene.port, scene.path, { headers: { cookie: `${name}=${value}` } })).status).toBe(200)
  })

  it('a cookie that a neighbour has set under our name keeps nobody out', async () => {
    const scene = await inspect({ reloader })
    const { cookie } = await enter(scene)
    const [name] = cookie.split('=')
    const headers = { cookie: `other=1; ${name}=planted; ${cookie}` }
    expect((await ask(scene.port, scene.path, { headers })).status).toBe(200)
  })

  it('a session of one inspector is none of another', async () => {
    const [one, other] = [await inspect({ reloader }), await inspect({ reloader })]
    const { cookie } = await enter(one)
    const stolen = cookie.replace(`changeover-${one.port}`, `changeover-${other.port}`)
    expect((await ask(other.port, other.path, { headers: { cookie: stolen } })).status).toBe(401)
  })
})

describe('a request under another name', () => {
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

  it('is refused whatever it brings along: an attacker may have pointed that name at 127.0.0.1', async () => {
    const scene = await inspect({ reloader })
    const session = await enter(scene)
    for (const host of names(scene.port)) {
      const page = await ask(scene.port, scene.path, { headers: { ...session, host } })
      expect([host, page.status]).toEqual([host, 421])
      const link = new URL(scene.inspected.url)
      const entered = await ask(scene.port, link.pathname + link.search, { headers: { host } })
      expect([host, entered.status, entered.headers['set-cookie']]).toEqual([host, 421, undefined])
    }
    await enter(scene)
  })

  it.each([
    ['two Hosts', (own: string, path: string) => `GET ${path} HTTP/1.1\r\nHost: ${own}\r\nHost: evil.example\r\n`],
    ['no Host', (_: string, path: string) => `GET ${path} HTTP/1.0\r\n`],
    ['a whole URL', (own: string, path: string) => `GET http://evil.example${path} HTTP/1.1\r\nHost: ${own}\r\n`],
    [
      'a path that names a host',
      (own: string, path: string) => `GET //evil.example${path} HTTP/1.1\r\nHost: ${own}\r\n`,
    ],
  ])('is refused with %s', async (_, head) => {
    const scene = await inspect({ reloader })
    const { cookie } = await enter(scene)
    const text = `${head(`127.0.0.1:${scene.port}`, scene.path)}Cookie: ${cookie}\r\nConnection: close\r\n\r\n`
    expect(await askRaw(scene.port, text)).toMatch(/^HTTP\/1\.1 4(00|21) /)
  })

  it('is answered under localhost, which is this machine too', async () => {
    const scene = await inspect({ reloader })
    const headers = { ...(await enter(scene)), host: `localhost:${scene.port}` }
    expect((await ask(scene.port, scene.path, { headers })).status).toBe(200)
  })
})

describe('a request of another page', () => {
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
  ])('is refused although its cookie is right: %s', async (_, headers) => {
    const scene = await inspect({ reloader })
    const session = await enter(scene)
    for (const place of ['', 'events', 'transactions/a-1.json']) {
      const answer = await ask(scene.port, scene.path + place, { headers: { ...session, ...headers } })
      expect([place, answer.status]).toEqual([place, 403])
    }
    const entered = await ask(
      scene.port,
      `${scene.path}?token=${new URL(scene.inspected.url).searchParams.get('token')}`,
      {
        headers,
      },
    )
    expect([entered.status, entered.headers['set-cookie']]).toEqual([403, undefined])
  })

  it('is told nothing by a CORS header, not even when it asks first', async () => {
    const scene = await inspect({ reloader, actions: true })
    const session = await enter(scene)
    const asked: [string, string][] = [
      ['OPTIONS', `${scene.path}actions/reload`],
      ['OPTIONS', `${scene.path}events`],
      ['GET', scene.path],
      ['GET', '/nothing'],
      ['POST', `${scene.path}actions/reload`],
    ]
    for (const [method, place] of asked) {
      for (const origin of ['http://evil.example', `http://127.0.0.1:${scene.port}`]) {
        const headers = { ...session, origin, 'access-control-request-method': 'POST' }
        const answer = await ask(scene.port, place, { method, headers })
        expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      }
    }
  })
})

describe('the headers of every answer', () => {
  it('forbid keeping, framing, guessing types and telling where one came from', async () => {
    const scene = await inspect({ reloader })
    const session = await enter(scene)
    const { port, path } = scene
    const stream = await follow(port, `${path}events`, session)
    expect(stream.raw.status).toBe(200)
    stream.leave()
    const answers = [
      await ask(port, path, { headers: session }),
      await ask(port, path, { headers: { accept: 'text/html' } }),
      await ask(port, '/?token=wrong'),
      await ask(port, `${path}nothing`, { headers: session }),
      await ask(port, path, { headers: { host: 'evil.example' } }),
      await ask(port, new URL(scene.inspected.url).pathname + new URL(scene.inspected.url).search),
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

  it('let a page run only what carries its nonce, which is another each time', async () => {
    const scene = await inspect({ reloader })
    const session = await enter(scene)
    const nonces: string[] = []
    for (let times = 0; times < 2; times += 1) {
      const { headers, body } = await ask(scene.port, scene.path, { headers: session })
      const policy = String(headers['content-security-policy'])
      const nonce = /script-src 'nonce-([\w-]{43})';/.exec(policy)?.[1] ?? ''
      expect(policy).toContain(`style-src 'nonce-${nonce}'`)
      expect(policy).not.toMatch(/unsafe|https?:|\*/)
      // Data is not run; it needs no leave.
      const tags = (body.match(/<(script|style)\b[^>]*>/g) ?? []).filter((tag) => !tag.includes('application/json'))
      expect(tags.length).toBeGreaterThan(0)
      for (const tag of tags) expect(tag).toContain(`nonce="${nonce}"`)
      nonces.push(nonce)
    }
    expect(nonces[0]).not.toBe(nonces[1])
  })
})
