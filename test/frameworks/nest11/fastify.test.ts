import 'reflect-metadata'
import { createRequire } from 'node:module'
import { ChangeoverModule } from 'changeover/nest'
import { pinned } from 'changeover/request'
import { Body, Controller, Get, Module, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { addressOf, gate, json } from '../http-client.ts'
import { makeService } from '../pooled-service.ts'

const load = createRequire(new URL('tools/package.json', import.meta.url))
const { FastifyAdapter } = load('@nestjs/platform-fastify')

describe('Nest 11 on Fastify', () => {
  it('is Nest 11', () => {
    expect(load('@nestjs/core/package.json').version).toMatch(/^11\./)
    expect(NestFactory).toBe(load('@nestjs/core').NestFactory)
  })

  it('gives a request one snapshot, also behind the parser of a body', async () => {
    const service = makeService()
    const { reloader } = service
    const [entered, changed] = [gate(), gate()]
    class Versions {
      async slow() {
        entered.open()
        await changed.opened
        const { config, modules } = pinned(reloader)
        return { config: config.version, queried: await modules.db.current.query() }
      }

      size(body: { readonly text: string }) {
        return { size: body.text.length, config: pinned(reloader).config.version }
      }
    }
    const descriptorOf = (name: string) =>
      Object.getOwnPropertyDescriptor(Versions.prototype, name) as PropertyDescriptor
    Controller()(Versions)
    Get('slow')(Versions.prototype, 'slow', descriptorOf('slow'))
    Post('size')(Versions.prototype, 'size', descriptorOf('size'))
    Body()(Versions.prototype, 'size', 0)
    class App {}
    Module({ imports: [ChangeoverModule.forRoot({ reloader })], controllers: [Versions] })(App)
    const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false, abortOnError: false })
    onTestFinished(() => app.close())
    await app.listen(0, '127.0.0.1')
    const address = addressOf(app.getHttpServer())
    const answer = json(`${address}/slow`)
    await entered.opened
    await service.serve(2)
    changed.open()
    expect((await answer).body).toEqual({ config: 1, queried: 1 })
    await service.onlyOnePoolLeft()
    const body = JSON.stringify({ text: 'x'.repeat(90_000) })
    const sent = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
    expect((await json(`${address}/size`, sent)).body).toEqual({ size: 90_000, config: 2 })
  })
})
