/** What of the adapters of frameworks must compile, and what must not: checked by `npm run types`. */
import { createReloader, type Source } from 'changeover'
import { changeover as middleware } from 'changeover/express'
import { changeover as plugin } from 'changeover/fastify'
import { ChangeoverModule, InjectConfig, Live } from 'changeover/nest'
import { pin, pinned, type RegisteredView, renew } from 'changeover/request'
import express from 'express'
import Fastify from 'fastify'
import { z } from 'zod'

declare const source: Source
const schema = z.strictObject({ max: z.number() })
const reloader = createReloader({ source, schema }).use('limit', ({ max }) => max, {
  prepare: (max: number) => ({ instance: { max } }),
})

const now: number = pin(reloader, ({ config, modules }) => config.max + modules.limit.current.max)
const later: Promise<string> = pin(reloader, async () => 'later', { route: 'GET /' })
const max: number = pinned(reloader, { outside: 'serving' }).modules.limit.current.max
// @ts-expect-error a module of another name
pinned(reloader).modules.other
// @ts-expect-error the config is read-only
pinned(reloader).config.max = 2
// @ts-expect-error no such choice
pinned(reloader, { outside: 'nothing' })

// `Register` of examples/fastify names the types of `pinned()`, `request.config` and `@Live`.
const limit: number = pinned().config.page.limit
const format: Intl.NumberFormat = pinned().modules.prices.current
const app = Fastify()
await app.register(plugin, { reloader, start: { deadlineMs: 1_000 }, pin: ({ url }) => url !== '/events' })
app.get('/', { config: { pin: false } }, async (request) => {
  renew(request)
  const view: RegisteredView['config'] = request.config
  return request.modules.prices.current.format(view.page.limit)
})
// @ts-expect-error pin is true or false
app.get('/', { config: { pin: 1 } }, async () => '')
// @ts-expect-error a reloader is needed
await app.register(plugin, {})

express()
  .use(middleware(reloader, { asyncContext: false }))
  .get('/', ({ config, modules }, response) => response.send(modules.prices.current.format(config.page.limit)))

ChangeoverModule.forRoot({ reloader, pin: false })
ChangeoverModule.forRootAsync({ inject: ['max'], useFactory: async (_max: number) => ({ reloader }) })
// @ts-expect-error a factory is needed
ChangeoverModule.forRootAsync({ inject: ['max'] })
Live('prices')
// @ts-expect-error no module has this name
Live('price')
InjectConfig((config: { readonly max: number }) => config.max)

export const kept = [now, later, max, limit, format]
