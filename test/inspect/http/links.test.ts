import type { LinkOptions } from 'changeover/inspect'
import { describe, expect, it } from 'vitest'
import { createFakeReloader } from '../fake-reloader.ts'
import { freezeClock, send, startInspector } from '../inspector-client.ts'

const { reloader } = createFakeReloader()

const open = (port: number, link: string, headers: Record<string, string> = {}) => {
  const { pathname, search } = new URL(link)
  return send(port, `${pathname}${search}`, { headers })
}

describe('A link for a colleague', () => {
  it('opens one session, and leaves the own link as it is', async () => {
    const { inspected, port } = await startInspector({ reloader })
    const { url } = inspected
    const link = inspected.link()
    expect(link).not.toBe(url)
    const first = await open(port, link)
    expect([first.status, first.headers['set-cookie']]).toEqual([303, [expect.stringContaining('HttpOnly')]])
    expect((await open(port, link)).status).toBe(401)
    expect(inspected.url).toBe(url)
    expect((await open(port, url)).status).toBe(303)
  })

  it('expires after a quarter of an hour, or when it is told to', async () => {
    const { inspected, port } = await startInspector({ reloader })
    const clock = freezeClock()
    const [usual, short, timely] = [inspected.link(), inspected.link({ expiresInMs: 1_000 }), inspected.link()]
    clock.advance(1_000)
    expect((await open(port, short)).status).toBe(401)
    clock.advance(898_999)
    expect((await open(port, timely)).status).toBe(303)
    clock.advance(1)
    expect((await open(port, usual)).status).toBe(401)
  })

  it('opens one session even if the own link is a password that stays', async () => {
    const { inspected, port } = await startInspector({ reloader, token: 'a-token-of-my-own' })
    const link = inspected.link()
    expect(link).not.toContain('a-token-of-my-own')
    expect((await open(port, link)).status).toBe(303)
    expect((await open(port, link)).status).toBe(401)
    expect((await open(port, inspected.url)).status).toBe(303)
  })

  it('is one of at most sixteen: another one replaces the oldest', async () => {
    const { inspected, port } = await startInspector({ reloader })
    const links = Array.from({ length: 17 }, () => inspected.link())
    expect((await open(port, links[0] ?? '')).status).toBe(401)
    expect((await open(port, links[1] ?? '')).status).toBe(303)
    expect((await open(port, links[16] ?? '')).status).toBe(303)
  })

  it.each([
    ['a host that is not allowed', { host: 'localhost:9000' }],
    ['a host with a scheme', { host: 'http://localhost:9000' }],
    ['a time of nothing', { expiresInMs: 0 }],
    ['a time that is no number', { expiresInMs: Number.NaN }],
    ['more than twelve hours', { expiresInMs: 43_200_001 }],
    ['an unknown option', { expires: 5 }],
  ])('refuses %s', async (_, options) => {
    const { inspected } = await startInspector({ reloader })
    expect(() => inspected.link(options as LinkOptions)).toThrow(
      expect.objectContaining({ code: 'reloader.invalid-option' }),
    )
  })
})

describe('A port that is forwarded to another local port', () => {
  it('is refused with the option that allows it, for a program and for a browser', async () => {
    const { inspected, port } = await startInspector({ reloader })
    const refused = await open(port, inspected.url, { host: 'localhost:9000' })
    expect(refused.status).toBe(421)
    expect(JSON.parse(refused.body).failure.hint).toContain("inspector({ allowedHosts: ['localhost:9000'] })")
    const shown = await open(port, inspected.url, { host: 'localhost:9000', accept: 'text/html' })
    expect(shown.body).toContain("inspector({ allowedHosts: ['localhost:9000'] })")
    expect((await open(port, inspected.url)).status).toBe(303) // The refusal has not used the link up.
  })

  it.each([['<script>alert(1)</script>'], ["x'] }); evil(["], ['localhost:9000/path'], ['a b'], ['']])(
    'is not repeated in the refusal if the name cannot be one: %s',
    async (host) => {
      const { inspected, port } = await startInspector({ reloader })
      const { body } = await open(port, inspected.url, { host, accept: 'text/html' })
      expect(body).toContain("allowedHosts: ['name:port']")
      if (host !== '') expect(body).not.toContain(host)
    },
  )

  it.each([
    ['localhost:9000', 'localhost:9000'],
    ['localhost:*', 'localhost:9000'],
    ['127.0.0.1:*', '127.0.0.1:1'],
    ['[::1]:*', '[::1]:65535'],
    ['LOCALHOST:*', 'localhost:9000'],
  ])('works once allowedHosts has %s', async (allowed, host) => {
    const { inspected, port } = await startInspector({ reloader, allowedHosts: [allowed] })
    const link = inspected.link({ host })
    expect(new URL(link).host).toBe(host)
    const opened = await open(port, link, { host })
    expect(opened.status).toBe(303)
    const cookie = String(opened.headers['set-cookie']?.[0]?.split(';')[0])
    const page = await send(port, new URL(link).pathname, { headers: { host, cookie, accept: 'text/html' } })
    expect(page.status).toBe(200)
    expect((await open(port, inspected.link(), { host: 'evil.example:9000' })).status).toBe(421)
    const foreign = { host, cookie, origin: 'http://localhost:3000' }
    expect((await send(port, new URL(link).pathname, { headers: foreign })).status).toBe(403)
  })
})
