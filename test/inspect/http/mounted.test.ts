import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspector, type InspectorHandler } from 'changeover/inspect'
import express5, { type RequestHandler } from 'express'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createFakeReloader } from '../fake-reloader.ts'
import { openStream, PATIENT, send } from '../inspector-client.ts'

// Express 4 has no types under this name; it is used as Express 5 is.
const express4 = ((await import('express4' as string)) as { readonly default: typeof express5 }).default

const KEY = 'the-key-of-the-operator'
const authorization = { authorization: `Bearer ${KEY}` }
const isOperator = ({ headers }: IncomingMessage): boolean => headers.authorization === authorization.authorization

/** Servers with an authentication of their own, in front of the page at `/admin/inspector`. */
const servers: Readonly<Record<string, (page: InspectorHandler) => Promise<Server>>> = {
  'node:http': async (page) => {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      if (request.url?.startsWith('/admin/inspector') !== true) return void response.writeHead(404).end('not here')
      if (isOperator(request)) page(request, response)
      else response.writeHead(401).end('who are you?')
    }
    return createServer(answer)
  },
  'Express 5': async (page) => createServer(mountInExpress(express5(), express5.json(), page)),
  'Express 4': async (page) => createServer(mountInExpress(express4(), express4.json(), page)),
  'Express with a parser that reads no JSON': async (page) =>
    createServer(mountInExpress(express4(), express4.urlencoded({ extended: false }), page)),
  Fastify: async (page) => {
    const app = Fastify()
    onTestFinished(() => app.close())
    app.addHook('onRequest', async (request, reply) => {
      if (!isOperator(request.raw)) await reply.code(401).send('who are you?')
    })
    for (const path of ['/admin/inspector', '/admin/inspector/*']) {
      app.all(path, (request, reply) => {
        reply.hijack()
        page(request.raw, reply.raw, request.body)
      })
    }
    await app.ready()
    return app.server
  },
}

const mountInExpress = (
  app: ReturnType<typeof express5>,
  parser: RequestHandler,
  page: InspectorHandler,
): typeof app => {
  app.use(parser)
  app.use((request, response, next) => {
    if (isOperator(request)) next()
    else response.status(401).send('who are you?')
  })
  app.use('/admin/inspector', page)
  return app
}

const mount = async (kind: string, options: Partial<Parameters<typeof inspector.handler>[0]> = {}) => {
  const calls: string[] = []
  const { reloader } = createFakeReloader({
    freeze: async (reason: string) => void calls.push(reason),
  })
  const page = inspector.handler({ reloader, actions: true, ...options })
  const server = await (servers[kind] ?? servers['node:http'])?.(page)
  if (server === undefined) throw new Error('There is no server')
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(async () => {
    page.close()
    server.closeAllConnections()
    if (server.listening) await once(server.close(), 'close')
  })
  return { port: (server.address() as AddressInfo).port, page, calls, server }
}

describe.each(Object.keys(servers))('Mounted in %s behind its own authentication, the page', (kind) => {
  it('is shown to those whom the server lets through, and to nobody else', async () => {
    const { port } = await mount(kind)
    for (const path of ['', 'events', 'transactions/t-1.json', 'actions/freeze']) {
      expect((await send(port, `/admin/inspector/${path}`)).status, path).toBe(401)
    }
    const { status, headers, body } = await send(port, '/admin/inspector/', { headers: authorization })
    expect(status).toBe(200)
    expect(body).toContain('<div id="page">')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('is redirected to the address that ends with a slash, which its own addresses are relative to', async () => {
    const { port } = await mount(kind)
    const headers = { ...authorization, accept: 'text/html' }
    const { status, headers: answered } = await send(port, '/admin/inspector', { headers })
    expect([status, answered.location]).toEqual([308, './inspector/'])
    expect((await send(port, '/admin/inspector/no/such', { headers: authorization })).status).toBe(404)
  })

  it('streams, and runs an action that its own page sends', async () => {
    const { port, calls } = await mount(kind)
    const stream = await openStream({ port, path: '/admin/inspector/' }, authorization)
    await vi.waitFor(() => expect(stream.last('hello')).toBeDefined(), PATIENT)
    const own = { ...authorization, origin: `http://127.0.0.1:${port}`, 'content-type': 'application/json' }
    const csrf = { 'x-changeover-csrf': stream.last('hello').csrfToken }
    const body = JSON.stringify({ reason: 'a sale' })
    const freeze = (headers: Record<string, string>, text = body) =>
      send(port, '/admin/inspector/actions/freeze', { method: 'POST', headers, body: text })
    expect((await freeze({ ...own, ...csrf })).status).toBe(200)
    expect(calls).toEqual(['a sale'])
    expect((await freeze(own)).status).toBe(403)
    expect((await freeze({ ...own, ...csrf, origin: 'https://evil.example' })).status).toBe(403)
    const crossSite = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
    expect((await freeze({ ...own, ...csrf, ...crossSite })).status).toBe(403)
    const { origin: _, ...anonymous } = { ...own, ...csrf }
    expect((await freeze(anonymous)).status).toBe(403)
    expect((await freeze({ ...own, ...csrf }, '{}')).status).toBe(400)
    expect(calls).toEqual(['a sale'])
    stream.close()
  })
})

describe('A mounted page', () => {
  it('answers to any name by default, and only to the allowed ones if there are any', async () => {
    const named = (port: number, headers: Record<string, string>) =>
      send(port, '/admin/inspector/', { headers: { ...authorization, ...headers } })
    const open = await mount('node:http')
    expect((await named(open.port, { host: 'admin.example' })).status).toBe(200)
    const strict = await mount('node:http', { allowedHosts: ['admin.example', 'inner:80'] })
    expect((await named(strict.port, { host: 'admin.example' })).status).toBe(200)
    // A proxy has replaced Host; the browser shows the other allowed name.
    expect((await named(strict.port, { host: 'inner:80', origin: 'https://admin.example' })).status).toBe(200)
    expect((await named(strict.port, { host: 'inner:80', origin: 'https://evil.example' })).status).toBe(403)
    const refused = await named(strict.port, { host: 'evil.example' })
    expect(refused.status).toBe(421)
    expect(JSON.parse(refused.body).failure.hint).toContain("allowedHosts: ['evil.example']")
  })

  it('is reached behind a proxy that cuts off the beginning of the path', async () => {
    const { reloader } = createFakeReloader()
    const page = inspector.handler({ reloader })
    const server = createServer(page)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    expect((await send(port, '/')).status).toBe(200)
    expect((await send(port, '/a/b/c/')).status).toBe(200)
  })

  it('cannot be read by another page: a link opens it, anything below it is refused', async () => {
    const { port } = await mount('node:http')
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const get = (path: string) => send(port, `/admin/inspector/${path}`, { headers: { ...authorization, ...link } })
    expect((await get('')).status).toBe(200)
    expect((await get('events')).status).toBe(403)
    expect((await get('transactions/t-1.json')).status).toBe(403)
  })

  it('is read-only by default', async () => {
    const { reloader } = createFakeReloader({ freeze: async () => {} })
    const page = inspector.handler({ reloader })
    const server = createServer(page)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(async () => {
      server.closeAllConnections()
      await once(server.close(), 'close')
    })
    const { port } = server.address() as AddressInfo
    const stream = await openStream({ port, path: '/' }, {})
    await vi.waitFor(() => expect(stream.last('hello')).toBeDefined(), PATIENT)
    expect(stream.last('hello').actions).toEqual([])
    const headers = {
      origin: `http://127.0.0.1:${port}`,
      'content-type': 'application/json',
      'x-changeover-csrf': stream.last('hello').csrfToken,
    }
    const { body } = await send(port, '/actions/freeze', { method: 'POST', headers, body: '{"reason":"x"}' })
    expect(JSON.parse(body).failure.code).toBe('inspector.actions-off')
  })

  it('ends its streams when the handler closes', async () => {
    const { port, page } = await mount('node:http')
    const stream = await openStream({ port, path: '/admin/inspector/' }, authorization)
    await vi.waitFor(() => expect(stream.last('hello')).toBeDefined(), PATIENT)
    page.close()
    page.close()
    await vi.waitFor(() => expect(stream.raw.hasEnded).toBe(true), PATIENT)
    expect(stream.last('end')).toEqual({ reason: 'inspector.closed' })
  })

  it.each([
    ['an unknown option', { port: 1 }],
    ['actions that are no boolean', { actions: 'yes' }],
    ['every host name', { allowedHosts: ['*'] }],
    ['any port of a name that others may own', { allowedHosts: ['admin.example:*'] }],
    ['one host name as a text', { allowedHosts: 'admin.example' }],
  ])('refuses %s', (_, options) => {
    const { reloader } = createFakeReloader()
    const wrong = { reloader, ...options } as Parameters<typeof inspector.handler>[0]
    expect(() => inspector.handler(wrong)).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
  })
})
