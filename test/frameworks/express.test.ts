import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout as wait } from 'node:timers/promises'
import { changeover } from 'changeover/express'
import { pinned, renew } from 'changeover/request'
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { begin, gate, json, listen } from './http-client.ts'
import { makeService, type Pool } from './pooled-service.ts'

const express4 = createRequire(import.meta.url)('express4') as typeof express
const services: ReturnType<typeof makeService>[] = []
const servers: Server[] = []

const started = async (...args: Parameters<typeof makeService>) => {
  const service = makeService(...args)
  services.push(service)
  await service.reloader.start()
  return service
}

const serveApp = (app: express.Express): Promise<string> => {
  app.use(((error, _request, response, _next) => {
    response.status(error.status ?? 500).json({ code: error.code, message: error.message })
  }) as express.ErrorRequestHandler)
  const server = createServer(app)
  servers.push(server)
  return listen(server)
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await Promise.all(services.splice(0).map(({ reloader }) => reloader.close()))
})

const versionsOf = (request: express.Request) => {
  const { config, modules } = request as unknown as { config: { version: number }; modules: { db: { current: Pool } } }
  return { config: config.version, pool: modules.db.current }
}

describe.each([
  ['Express 4', express4],
  ['Express 5', express],
])('the middleware of %s', (_title, framework) => {
  it('gives a request one snapshot across awaits, below and in req', async () => {
    const { reloader, serve, onlyOnePoolLeft } = await started()
    const { open, opened } = gate()
    const entered = gate()
    const app = framework().use(changeover(reloader))
    const below = async () => pinned(reloader).modules.db.current.query()
    app.get('/products', async (request, response) => {
      entered.open()
      await opened
      const { config, pool } = versionsOf(request)
      // What lists or copies a request reads no config.
      expect(Object.keys(request)).not.toContain('config')
      expect(Object.keys(request)).not.toContain('modules')
      response.json({
        config,
        queried: await pool.query(),
        below: await below(),
        view: pinned(reloader).config.version,
      })
    })
    const address = await serveApp(app)
    const answer = json(`${address}/products`)
    await entered.opened
    await serve(2)
    open()
    expect((await answer).body).toEqual({ config: 1, queried: 1, below: 1, view: 1 })
    await onlyOnePoolLeft()
    expect((await json(`${address}/products`)).body).toEqual({ config: 2, queried: 2, below: 2, view: 2 })
  })

  it('keeps the context behind the parser of a body', async () => {
    const { reloader } = await started()
    const app = framework().use(changeover(reloader)).use(framework.json())
    app.post('/', (request, response) => {
      response.json({ version: pinned(reloader).config.version, size: JSON.stringify(request.body).length })
    })
    const body = JSON.stringify({ text: 'x'.repeat(90_000) })
    const sent = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
    expect(await json(await serveApp(app), sent)).toEqual({ status: 200, body: { version: 1, size: body.length } })
  })

  it('holds until the client has gone', async () => {
    const { reloader, serve, onlyOnePoolLeft } = await started()
    const app = framework().use(changeover(reloader))
    app.get('/', (_request, response) => void response.write('head'))
    const { abort } = await begin(await serveApp(app))
    await serve(2)
    await wait(5)
    expect(reloader.status().modules.db?.live).toBe(2)
    abort()
    await onlyOnePoolLeft()
  })

  it('lets go of a request that has closed before', async () => {
    const { reloader, serve, onlyOnePoolLeft } = await started()
    const [closed, seen] = [gate(), gate()]
    const app = framework()
    app.use(async (_request, response, next) => {
      response.write('head')
      await closed.opened
      next()
    })
    app.use(changeover(reloader)).use(() => seen.open())
    const address = await serveApp(app)
    servers.at(-1)?.once('request', (_, response) => response.once('close', closed.open))
    const { abort } = await begin(address)
    abort()
    await seen.opened
    await serve(2)
    await onlyOnePoolLeft()
  })

  it('shows what serves, each time, in requests that are not pinned', async () => {
    const { reloader, serve, onlyOnePoolLeft } = await started()
    const [entered, changed] = [gate(), gate()]
    const app = framework().use(changeover(reloader, { pin: ({ url }) => url !== '/events' }))
    app.get('/events', async (request, response) => {
      entered.open()
      await changed.opened
      const { config, pool } = versionsOf(request)
      let code: unknown
      try {
        pinned(reloader)
      } catch (error) {
        code = (error as { code: string }).code
      }
      response.json({ config, pool: pool.version, code })
    })
    const answer = json(`${await serveApp(app)}/events`)
    await entered.opened
    await serve(2)
    await onlyOnePoolLeft()
    changed.open()
    expect((await answer).body).toEqual({ config: 2, pool: 2, code: 'request.not-pinned' })
  })

  it('renews what a stream holds', async () => {
    const { reloader, serve, onlyOnePoolLeft } = await started()
    const [entered, changed] = [gate(), gate()]
    const app = framework().use(changeover(reloader, { asyncContext: false }))
    app.get('/', async (request, response) => {
      entered.open()
      await changed.opened
      const before = versionsOf(request).config
      renew(request)
      await onlyOnePoolLeft()
      response.json([before, versionsOf(request).config])
    })
    const answer = json(await serveApp(app))
    await entered.opened
    await serve(2)
    changed.open()
    expect((await answer).body).toEqual([1, 2])
  })

  it('pins once although it is mounted twice, and refuses two reloaders', async () => {
    const [one, other] = [await started(), await started()]
    const router = framework.Router().use(changeover(one.reloader))
    router.get('/', (request, response) => void response.json(versionsOf(request).config))
    const app = framework().use(changeover(one.reloader)).use('/one', router)
    app.use('/two', changeover(other.reloader))
    const address = await serveApp(app)
    expect((await json(`${address}/one`)).body).toBe(1)
    expect(await json(`${address}/two`)).toMatchObject({ body: { code: 'framework.registered-twice' } })
    await one.serve(2)
    await one.onlyOnePoolLeft()
  })

  it('answers with 503 and a code before the first commit and after the close', async () => {
    const service = makeService()
    const address = await serveApp(framework().use(changeover(service.reloader)))
    expect(await json(address)).toMatchObject({ status: 503, body: { code: 'reloader.not-started' } })
    await service.reloader.start()
    await service.reloader.close()
    expect(await json(address)).toMatchObject({ status: 503, body: { code: 'request.after-close' } })
  })

  it.each([
    ['/users/4711', 'GET /users/:id'],
    ['/people/4711/photo', 'GET …/photo'],
    ['/several', 'GET /some or /several'],
    ['/numbers/12', String.raw`GET /^\/numbers\/\d+$/`],
    ['/nothing/4711', 'GET without a route'],
  ])('names an overdue request of %s by its pattern', async (path, route) => {
    const { reloader, serve, failures } = await started({ deadlines: { leaseMs: 20 } })
    const app = framework().use(changeover(reloader))
    const hang: express.RequestHandler = (_request, response) => void response.write('head')
    const photos = framework.Router({ mergeParams: true }).get('/photo', hang)
    app
      .get('/users/:id', hang)
      .get(['/some', '/several'], hang)
      .get(/^\/numbers\/\d+$/, hang)
    app.use('/people/:id', photos).use(hang)
    const { abort } = await begin(`${await serveApp(app)}${path}?token=secret`)
    await serve(2)
    await expect.poll(() => failures[0]).toMatchObject({ code: 'lease.overdue', detail: `held by ${route}` })
    expect(JSON.stringify(failures)).not.toMatch(/4711|secret/)
    abort()
  })
})

describe('the middleware', () => {
  it.each([
    ['Connect, whose requests have no app', undefined],
    ['Express 3, whose apps are stacks', Object.assign(() => {}, { handle: () => {}, stack: [] })],
    ['something else', {}],
  ])('refuses %s', async (_title, app) => {
    const { reloader } = await started()
    const error = await new Promise<unknown>((resolve) => {
      changeover(reloader)({ app } as never, {} as never, resolve)
    })
    expect(error).toMatchObject({ code: 'framework.unsupported-version' })
  })

  it.each([[{ pin: 'yes' }], [{ asyncContext: 1 }], [{ pins: true }]])('refuses the options %j', async (options) => {
    const { reloader } = await started()
    expect(() => changeover(reloader, options as never)).toThrow(/reloader\.invalid-option/)
    expect(() => changeover(reloader, { pins: true } as never)).toThrow(/changeover has no option pins/)
  })

  it('refuses what is no reloader', () => {
    expect(() => changeover({})).toThrow(/reloader\.invalid-option/)
  })
})
