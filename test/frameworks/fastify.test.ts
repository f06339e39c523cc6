import { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { createReloader } from 'changeover'
import { logLevel } from 'changeover/appliers'
import { changeover } from 'changeover/fastify'
import { pinned, renew } from 'changeover/request'
import { memorySource } from 'changeover/testing'
import Fastify, { type FastifyInstance as App, type FastifyPluginCallback, type FastifyRequest } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { begin, gate, json } from './http-client.ts'
import { type Config, makeService, type Pool } from './pooled-service.ts'

const apps: App[] = []

const makeApp = (options: object = {}): App => {
  const app: App = Fastify({ forceCloseConnections: true, ...options })
  apps.push(app)
  return app
}

const startApp = async (
  { reloader }: ReturnType<typeof makeService>,
  routes: (app: App) => unknown,
  options: object = {},
  app: App = makeApp(),
): Promise<string> => {
  await app.register(changeover, { reloader, ...options })
  routes(app)
  return app.listen({ port: 0, host: '127.0.0.1' })
}

afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())))

const versionsOf = (request: FastifyRequest) => {
  const { config, modules } = request as unknown as { config: Config; modules: { db: { current: Pool } } }
  return { config: config.version, pool: modules.db.current }
}

const codeOf = (call: () => unknown): string | undefined => {
  try {
    call()
  } catch (error) {
    return (error as { code: string }).code
  }
  return undefined
}

describe('the plugin for Fastify', () => {
  it('starts the reloader, shows it, and gives a request one snapshot across awaits', async () => {
    const service = makeService()
    const { reloader, serve, onlyOnePoolLeft } = service
    const [entered, changed] = [gate(), gate()]
    const address = await startApp(service, (app) => {
      expect(app.changeover).toBe(reloader)
      expect(app.pluginName).toBe('fastify -> changeover')
      expect(reloader.config.version).toBe(1)
      app.addHook('preHandler', async () => void pinned(reloader))
      app.get('/', async (request) => {
        entered.open()
        await changed.opened
        const { config, pool } = versionsOf(request)
        return { config, queried: await pool.query(), below: pinned(reloader).config.version }
      })
    })
    const answer = json(address)
    await entered.opened
    await serve(2)
    changed.open()
    expect((await answer).body).toEqual({ config: 1, queried: 1, below: 1 })
    await onlyOnePoolLeft()
    expect((await json(address)).body).toEqual({ config: 2, queried: 2, below: 2 })
  })

  it('leaves a reloader alone that has been started, and serves in plugins that are registered later', async () => {
    const service = makeService()
    await service.reloader.start()
    const address = await startApp(service, (app) => {
      app.register((inner, _options, done) => {
        inner.get('/inner', async (request) => versionsOf(request).config)
        done()
      })
    })
    expect((await json(`${address}/inner`)).body).toBe(1)
  })

  it('keeps the context behind the parser of a body, and in all hooks', async () => {
    const service = makeService()
    const { reloader } = service
    const seen = new Set<string>()
    const address = await startApp(service, (app) => {
      for (const hook of ['onRequest', 'preValidation', 'preHandler'] as const) {
        app.addHook(hook, async () => void seen.add(`${hook} ${pinned(reloader).config.version}`))
      }
      app.addHook('onSend', async () => void seen.add(`onSend ${pinned(reloader).config.version}`))
      app.post('/', async () => pinned(reloader).config.version)
    })
    const body = JSON.stringify({ text: 'x'.repeat(90_000) })
    const sent = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
    expect(await json(address, sent)).toEqual({ status: 200, body: 1 })
    expect([...seen]).toEqual(['onRequest 1', 'preValidation 1', 'preHandler 1', 'onSend 1'])
  })

  it('holds until the client has gone, also for an injected request', async () => {
    const service = makeService()
    const { reloader, serve, onlyOnePoolLeft } = service
    const address = await startApp(service, (app) => {
      app.get('/open', (_request, reply) => {
        reply.hijack()
        reply.raw.write('head')
      })
      app.get('/', async () => 'done')
    })
    const { abort } = await begin(`${address}/open`)
    await serve(2)
    await wait(5)
    expect(reloader.status().modules.db?.live).toBe(2)
    abort()
    await onlyOnePoolLeft()
    await apps.at(-1)?.inject('/')
    await apps.at(-1)?.inject('/not-found')
    await serve(3)
    await onlyOnePoolLeft()
  })

  it('pins by the config of the route, else by the option', async () => {
    const service = makeService()
    const { reloader } = service
    const address = await startApp(
      service,
      (app) => {
        const isPinned = async () => codeOf(() => pinned(reloader)) === undefined
        app.get('/by-option', isPinned)
        app.get('/events', isPinned)
        app.get('/on', { config: { pin: true } }, isPinned)
        app.get('/off', { config: { pin: false } }, isPinned)
      },
      { pin: ({ url }: FastifyRequest) => !['/events', '/on'].includes(url) },
    )
    const answers = ['by-option', 'events', 'on', 'off'].map(async (path) => (await json(`${address}/${path}`)).body)
    expect(await Promise.all(answers)).toEqual([true, false, true, false])
  })

  it('pins by the config of a route that stands before the plugin, and by what another plugin makes of it', async () => {
    const service = makeService()
    const { reloader } = service
    const isPinned = async () => codeOf(() => pinned(reloader)) === undefined
    const early = makeApp()
    early.get('/off', { config: { pin: false } }, isPinned)
    early.get('/on', isPinned)
    const changeRoutes = (app: App): void => {
      app.addHook('onRoute', (route) => {
        if (route.url === '/changed') route.config = { ...route.config, pin: false }
      })
      app.get('/changed', isPinned)
      app.get('/unchanged', isPinned)
    }
    const addresses = [await startApp(service, () => {}, {}, early), await startApp(service, changeRoutes)]
    const answers = ['0/off', '0/on', '1/changed', '1/unchanged'].map(async (place) => {
      const [index, path] = place.split('/')
      return (await json(`${addresses[Number(index)]}/${path}`)).body
    })
    expect(await Promise.all(answers)).toEqual([false, true, false, true])
  })

  it('shows what serves in a request that is not pinned, and renews one that lasts', async () => {
    const service = makeService()
    const { reloader, serve } = service
    const gates = { free: [gate(), gate()], renewed: [gate(), gate()] } as const
    const address = await startApp(service, (app) => {
      app.get('/free', { config: { pin: false } }, async (request) => {
        const before = versionsOf(request).config
        gates.free[0].open()
        await gates.free[1].opened
        return [before, versionsOf(request).config]
      })
      app.get('/renewed', async (request) => {
        gates.renewed[0].open()
        await gates.renewed[1].opened
        const before = versionsOf(request).config
        renew(request)
        return [before, versionsOf(request).config, pinned(reloader).config.version]
      })
    })
    const answers = [json(`${address}/free`), json(`${address}/renewed`)]
    await Promise.all([gates.free[0].opened, gates.renewed[0].opened])
    await serve(2)
    for (const [, second] of Object.values(gates)) second.open()
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual([
      [1, 2],
      [1, 2, 2],
    ])
  })

  it('works without an AsyncLocalStorage', async () => {
    const service = makeService()
    const address = await startApp(
      service,
      (app) => app.get('/', async (request) => [versionsOf(request).config, codeOf(() => pinned())]),
      { asyncContext: false },
    )
    expect((await json(address)).body).toEqual([1, 'request.not-pinned'])
  })

  it.each([
    ['/users/4711', 'GET /users/:id'],
    ['/api/4711', 'GET /api/:id'],
    ['/files/4711/a', 'GET /files/*'],
    ['/nothing/4711', 'GET without a route'],
  ])('names an overdue request of %s by its pattern', async (path, route) => {
    const service = makeService({ deadlines: { leaseMs: 20 } })
    const { serve, failures } = service
    const address = await startApp(service, (app) => {
      const hang = (_request: FastifyRequest, reply: { hijack: () => void; raw: NodeJS.WritableStream }) => {
        reply.hijack()
        reply.raw.write('head')
      }
      app.get('/users/:id', hang)
      app.get('/files/*', hang)
      const inner: FastifyPluginCallback = (api, _options, done) => done(void api.get('/:id', hang))
      app.register(inner, { prefix: '/api' })
      app.setNotFoundHandler(hang)
    })
    const { abort } = await begin(`${address}${path}?token=secret`)
    await serve(2)
    await expect.poll(() => failures[0]).toMatchObject({ code: 'lease.overdue', detail: `held by ${route}` })
    expect(JSON.stringify(failures)).not.toMatch(/4711|secret/)
    abort()
  })
})

describe('the close of a Fastify app', () => {
  it('answers the last request, then lets later plugins end, then closes the reloader', async () => {
    const service = makeService()
    const { reloader } = service
    const order: string[] = []
    const [entered, closing] = [gate(), gate()]
    const routes = (app: App): void => {
      app.addHook('preClose', async () => closing.open())
      app.addHook('onClose', async () => void order.push(`plugin: ${await reloader.modules.db.current.query()}`))
      app.get('/', async (request) => {
        entered.open()
        await closing.opened
        await wait(5)
        order.push(`request: ${await versionsOf(request).pool.query()}`)
        return 'done'
      })
    }
    const app = makeApp({ forceCloseConnections: false })
    const address = await startApp(service, routes, {}, app)
    const pool = reloader.modules.db.current
    const answer = fetch(address, { headers: { connection: 'close' } })
    await entered.opened
    await app.close()
    expect(await (await answer).text()).toBe('done')
    expect(order).toEqual(['request: 1', 'plugin: 1'])
    expect(pool.isClosed).toBe(true)
    expect(reloader.status().modules.db?.live).toBe(0)
  })

  it('closes a reloader whose start has failed, and says why', async () => {
    const app = makeApp()
    const reloader = createReloader({
      source: memorySource({ version: 'none' }),
      schema: z.object({ version: z.number() }),
    })
    await expect(async () => app.register(changeover, { reloader })).rejects.toMatchObject({ code: 'schema.invalid' })
  })
})

describe('a misuse of the plugin', () => {
  const register = async (app: App, options: object): Promise<string | undefined> => {
    try {
      await app.register(changeover, options as never)
    } catch (error) {
      return (error as { code: string }).code
    }
    return undefined
  }

  it('is refused with a code: registered twice', async () => {
    const app = makeApp()
    const service = makeService()
    expect(await register(app, { reloader: service.reloader })).toBeUndefined()
    expect(await register(app, { reloader: service.reloader })).toBe('framework.registered-twice')
    const inner = makeService()
    app.register((child, _options, done) => {
      child.register(changeover, { reloader: inner.reloader })
      done()
    })
    await expect(app.ready()).rejects.toMatchObject({ code: 'framework.registered-twice' })
  })

  it.each([['4.29.1'], ['6.0.0'], ['51.0.0'], [undefined]])('is refused with a code: Fastify %s', async (version) => {
    const app = Object.create(makeApp(), { version: { value: version } })
    await expect(changeover(app, { reloader: makeService().reloader })).rejects.toMatchObject({
      code: 'framework.unsupported-version',
    })
  })

  it.each([[{}], [{ reloader: {} }], [{ reloader: null }], [{ pins: false }], [{ pin: 1 }]])(
    'is refused with a code: the options %j',
    async (options) => {
      const given =
        'reloader' in options || Object.keys(options).length === 0
          ? options
          : { reloader: makeService().reloader, ...options }
      expect(await register(makeApp(), given)).toBe('reloader.invalid-option')
    },
  )

  it('answers a request after the close of the reloader with 503 and a code', async () => {
    const service = makeService()
    const address = await startApp(service, (app) => app.get('/', async () => 'done'))
    await service.reloader.close()
    expect(await json(address)).toMatchObject({ status: 503, body: { code: 'request.after-close' } })
  })
})

describe('the logger of Fastify', () => {
  it('serves a reloader that is made of the app, and follows the config', async () => {
    const lines: string[] = []
    const stream = new Writable({ write: (chunk, _encoding, done) => done(void lines.push(String(chunk))) })
    const app = makeApp({ logger: { level: 'info', stream } })
    const source = memorySource({ level: 'info' })
    const schema = z.object({ level: z.enum(['info', 'error']) })
    await app.register(changeover, {
      reloader: ({ log }) =>
        createReloader({ source, schema, logger: log }).use(
          'logger',
          (config) => ({ level: config.level }) as never,
          logLevel(log as never),
        ),
    })
    expect(lines.join('')).toMatch(/committed/)
    source.put({ level: 'error' })
    await (app.changeover as unknown as { reload: () => Promise<unknown> }).reload()
    expect(app.log.level).toBe('error')
  })
})
