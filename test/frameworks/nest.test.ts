import 'reflect-metadata'
import { setTimeout as wait } from 'node:timers/promises'
import {
  ChangeoverHealthIndicator,
  ChangeoverModule,
  InjectConfig,
  InjectReloader,
  Live,
  RELOADER,
  Unpinned,
} from 'changeover/nest'
import { pinned } from 'changeover/request'
import { Body, Controller, Get, type INestApplication, Module, Param, Post, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { HealthCheckService, TerminusModule } from '@nestjs/terminus'
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { checkNestVersion } from '../../src/frameworks/nest/nest-version.ts'
import { addressOf, begin, gate, json } from './http-client.ts'
import { type Config, makeService, type Pool } from './pooled-service.ts'

/** Decorators as functions, which need no option of the compiler. */
const decorate = (
  target: object,
  member: string,
  ...decorators: readonly (MethodDecorator | PropertyDecorator)[]
): void => {
  const descriptor = Object.getOwnPropertyDescriptor(target, member)
  for (const decorator of decorators) (decorator as (...of: unknown[]) => void)(target, member, descriptor)
}
const decorateParameter = (
  target: object,
  member: string | undefined,
  index: number,
  decorator: ParameterDecorator,
): void => decorator(target, member as string, index)

/** Follows the pool and the version of the config, as a provider does. */
class Products {
  declare readonly db: Live<Pool>
  declare readonly reloader: unknown
  readonly version: Live<number>

  constructor(version: Live<number>) {
    this.version = version
  }

  async list() {
    return { config: this.version.current, queried: await this.db.current.query() }
  }
}
decorate(Products.prototype, 'db', Live('db' as never))
decorate(Products.prototype, 'reloader', InjectReloader())
decorateParameter(
  Products,
  undefined,
  0,
  InjectConfig((config: Config) => config.version),
)

const gates = { entered: gate(), changed: gate() }

class ProductsController {
  readonly products: Products
  readonly indicator: ChangeoverHealthIndicator
  readonly health: HealthCheckService

  constructor(products: Products, indicator: ChangeoverHealthIndicator, health: HealthCheckService) {
    this.products = products
    this.indicator = indicator
    this.health = health
  }

  async slow() {
    gates.entered.open()
    await gates.changed.opened
    return { ...(await this.products.list()), below: (pinned() as unknown as { config: Config }).config.version }
  }

  async free() {
    gates.entered.open()
    await gates.changed.opened
    return this.products.list()
  }

  list() {
    return this.products.list()
  }

  size(body: { readonly text: string }) {
    return { size: body.text.length, version: (pinned() as unknown as { config: Config }).config.version }
  }

  open(_id: string, response: ServerResponse) {
    response.write('head')
  }

  ready() {
    return this.health.check([() => this.indicator.isHealthy(), () => this.indicator.isHealthy('again')])
  }
}
const { prototype } = ProductsController
Controller('products')(ProductsController)
decorate(prototype, 'slow', Get('slow'))
decorate(prototype, 'free', Get('free'), Unpinned())
decorate(prototype, 'list', Get())
decorate(prototype, 'size', Post())
decorate(prototype, 'open', Get(':id/open'))
decorate(prototype, 'ready', Get('ready'))
decorateParameter(prototype, 'size', 0, Body())
decorateParameter(prototype, 'open', 0, Param('id'))
decorateParameter(prototype, 'open', 1, Res())
Reflect.defineMetadata(
  'self:paramtypes',
  [Products, ChangeoverHealthIndicator, HealthCheckService].map((param, index) => ({ index, param })),
  ProductsController,
)

const apps: INestApplication[] = []

const makeApp = async (imports: readonly unknown[]): Promise<INestApplication> => {
  class AppModule {}
  Module({
    imports: [...imports, TerminusModule] as never[],
    controllers: [ProductsController],
    providers: [Products],
  })(AppModule)
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false, forceCloseConnections: true })
  apps.push(app)
  return app
}

const startApp = async (service: ReturnType<typeof makeService>, options: object = {}) => {
  gates.entered = gate()
  gates.changed = gate()
  const app = await makeApp([ChangeoverModule.forRoot({ reloader: service.reloader, ...options })])
  await app.listen(0, '127.0.0.1')
  return { app, address: `${addressOf(app.getHttpServer())}/products` }
}

afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())))

describe('the module for Nest', () => {
  it('starts the reloader, and shows its providers one snapshot for each request', async () => {
    const service = makeService()
    const { address, app } = await startApp(service)
    expect(app.get(RELOADER)).toBe(service.reloader)
    expect(app.get(Products).reloader).toBe(service.reloader)
    const answer = json(`${address}/slow`)
    await gates.entered.opened
    await service.serve(2)
    gates.changed.open()
    expect((await answer).body).toEqual({ config: 1, queried: 1, below: 1 })
    await service.onlyOnePoolLeft()
    expect((await json(address)).body).toEqual({ config: 2, queried: 2 })
  })

  it('lets providers follow outside of requests', async () => {
    const service = makeService()
    const { app } = await startApp(service)
    const products = app.get(Products)
    expect(await products.list()).toEqual({ config: 1, queried: 1 })
    await service.serve(2)
    expect(await products.list()).toEqual({ config: 2, queried: 2 })
  })

  it('holds nothing for a handler that is not pinned', async () => {
    const service = makeService()
    const { address } = await startApp(service)
    const answer = json(`${address}/free`)
    await gates.entered.opened
    await service.serve(2)
    await service.onlyOnePoolLeft()
    gates.changed.open()
    expect((await answer).body).toEqual({ config: 2, queried: 2 })
  })

  it('holds nothing for a request that the option pin leaves out', async () => {
    const service = makeService()
    const { address } = await startApp(service, { pin: ({ url }: { url?: string }) => url?.includes('open') !== true })
    const { abort } = await begin(`${address}/1/open`)
    await service.serve(2)
    await service.onlyOnePoolLeft()
    abort()
  })

  it('keeps the context behind the parser of a body', async () => {
    const { address } = await startApp(makeService())
    const body = JSON.stringify({ text: 'x'.repeat(90_000) })
    const sent = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
    expect((await json(address, sent)).body).toEqual({ size: 90_000, version: 1 })
  })

  it('holds until the client has gone, and names an overdue handler by its pattern', async () => {
    const service = makeService({ deadlines: { leaseMs: 20 } })
    const { address } = await startApp(service)
    const { abort } = await begin(`${address}/4711/open?token=secret`)
    await service.serve(2)
    await expect
      .poll(() => service.failures[0])
      .toMatchObject({
        code: 'lease.overdue',
        detail: 'held by GET /products/:id/open',
      })
    expect(JSON.stringify(service.failures)).not.toMatch(/4711|secret/)
    abort()
    await service.serve(3)
    await service.onlyOnePoolLeft()
    expect(service.failures).toHaveLength(1)
  })

  it('names an overdue handler by the patterns of its decorators if the app has a prefix', async () => {
    const service = makeService({ deadlines: { leaseMs: 20 } })
    const app = await makeApp([ChangeoverModule.forRoot({ reloader: service.reloader })])
    app.setGlobalPrefix('internal')
    await app.listen(0, '127.0.0.1')
    const { abort } = await begin(`${addressOf(app.getHttpServer())}/internal/products/4711/open`)
    await service.serve(2)
    await expect.poll(() => service.failures[0]?.detail).toBe('held by GET /products/:id/open')
    abort()
  })

  it('takes a reloader from a factory', async () => {
    const service = makeService()
    class Secrets {}
    class SecretsModule {}
    Module({ providers: [Secrets], exports: [Secrets] })(SecretsModule)
    const useFactory = async (secrets: Secrets) => {
      expect(secrets).toBeInstanceOf(Secrets)
      await wait(1)
      return { reloader: service.reloader, asyncContext: false }
    }
    const app = await makeApp([
      ChangeoverModule.forRootAsync({ imports: [SecretsModule], inject: [Secrets], useFactory }),
    ])
    expect(await app.get(Products).list()).toEqual({ config: 1, queried: 1 })
  })

  it('closes the reloader after the server', async () => {
    const service = makeService()
    const { app } = await startApp(service)
    const pool = service.reloader.modules.db.current
    await app.close()
    expect(pool.isClosed).toBe(true)
    expect(() => service.reloader.status().modules.db?.live).not.toThrow()
    expect(service.reloader.status().modules.db?.live).toBe(0)
  })
})

describe('the indicator for Terminus', () => {
  it('is up in front of a bad document, and down from the close on', async () => {
    const service = makeService()
    const { address, app } = await startApp(service)
    service.source.put({ version: 'no number' })
    expect((await service.reloader.reload()).outcome).toBe('rejected')
    const up = { status: 'up', state: 'rejected', degraded: [] }
    expect(await json(`${address}/ready`)).toMatchObject({ status: 200, body: { details: { config: up, again: up } } })
    await service.reloader.close()
    expect(app.get(ChangeoverHealthIndicator).isHealthy()).toMatchObject({ config: { status: 'down' } })
  })
})

describe('the indicator for Terminus while the source is lost', () => {
  it('is up, and says since when what serves is stale', async () => {
    const service = makeService()
    const { app } = await startApp(service)
    const health = () => app.get(ChangeoverHealthIndicator).isHealthy().config
    expect(health()).not.toHaveProperty('stale')
    service.source.failReads('source.unreachable')
    service.source.failWatches('source.unreachable')
    service.source.breakWatch('source.unreachable')
    await expect.poll(health).toMatchObject({ status: 'up', stale: { since: expect.any(Number) } })
  })
})

describe('a misuse of the module', () => {
  const codeOf = (imports: readonly unknown[]) =>
    makeApp(imports).then(
      () => undefined,
      (error: { code?: string }) => error.code,
    )

  it('is refused with a code: registered twice', async () => {
    const [one, other] = [makeService(), makeService()]
    class Inner {}
    Module({ imports: [ChangeoverModule.forRoot({ reloader: other.reloader })] })(Inner)
    expect(await codeOf([ChangeoverModule.forRoot({ reloader: one.reloader }), Inner])).toBe(
      'framework.registered-twice',
    )
  })

  it.each([[undefined], [{}], [{ reloader: {} }], [{ pin: 1 }], [{ pins: true }]])(
    'is refused with a code: the options %j',
    async (options) => {
      const isWhole = options !== undefined && !('reloader' in options) && Object.keys(options).length > 0
      const given = isWhole ? { reloader: makeService().reloader, ...options } : options
      expect(await codeOf([ChangeoverModule.forRoot(given as never)])).toBe('reloader.invalid-option')
    },
  )

  it.each([['10.4.15'], ['13.0.0'], ['1.2.0'], ['112.0.0']])('is refused with a code: Nest %s', (version) => {
    expect(() => checkNestVersion(version)).toThrow(/framework\.unsupported-version.*Nest 11 and 12/)
  })

  it.each([['11.0.0'], ['12.5.1'], [undefined]])('is none: Nest %s', (version) => {
    expect(() => checkNestVersion(version)).not.toThrow()
  })

  it('answers a request after the close of the reloader with 503 and a code', async () => {
    const service = makeService()
    const { address } = await startApp(service)
    await service.reloader.close()
    const { status, body } = await json(address)
    expect(status).toBe(503)
    expect(body).toMatchObject({ statusCode: 503, code: 'request.after-close' })
  })

  it('is shown where a name is read that use does not know', async () => {
    class Other {
      declare readonly none: Live<unknown>
    }
    decorate(Other.prototype, 'none', Live('none' as never))
    class Inner {}
    Module({ providers: [Other] })(Inner)
    const app = await makeApp([ChangeoverModule.forRoot({ reloader: makeService().reloader }), Inner])
    expect(() => app.get(Other, { strict: false }).none.current).toThrow(/reloader\.no-such-module/)
  })
})
