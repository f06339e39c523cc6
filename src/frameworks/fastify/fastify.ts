import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, RouteOptions } from 'fastify'
import { changeoverError } from '../../model/failure.ts'
import { invalidOption } from '../../model/option-checks.ts'
import { runPinned } from '../pin-context.ts'
import type { RegisteredReloader, RegisteredView } from '../register.ts'
import { type CheckedOptions, checkRequestOptions } from '../request-options.ts'
import { pinOf, RequestPins } from '../request-pin.ts'
import { type FastifyOptions, type PluginReloader, startOptionsOf } from './options.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The reloader of the app. */
    readonly changeover: RegisteredReloader
  }
  interface FastifyRequest {
    /** The config that the request holds. */
    readonly config: RegisteredView['config']
    /** The modules that the request holds. */
    readonly modules: RegisteredView['modules']
  }
  interface FastifyContextConfig {
    /** Whether requests of this route hold one snapshot. @default what the option `pin` of the plugin says */
    readonly pin?: boolean
  }
}

const plugin: FastifyPluginAsync<FastifyOptions> = async (app, { reloader: given, start, close, ...options }) => {
  checkVersion(app.version)
  if (app.hasDecorator('changeover')) throw changeoverError('framework.registered-twice')
  const checked = checkRequestOptions('the plugin', withoutPrefix(options))
  const reloader = typeof given === 'function' ? given(app) : given
  if (reloader === undefined) throw invalidOption('reloader is missing')
  const pins = new RequestPins(reloader)
  app.decorate('changeover', reloader as unknown as RegisteredReloader)
  decorateRequest(app, pins)
  addHooks(app, pins, checked)
  // Fastify calls it after the last request has its answer, and after the hooks of the plugins that are registered later.
  app.addHook('onClose', () => reloader.close(close))
  await startOnce(reloader, () => reloader.start(startOptionsOf(app, start)))
}

/**
 * The plugin for Fastify 5: `fastify.changeover`, `request.config`, `request.modules`, and `pinned()` below the handlers.
 * Each request holds one snapshot until its response has closed. The plugin starts the reloader before the app listens,
 * unless it has been started, and closes it after the last request.
 *
 * `register` fails with the code of what failed the start, or with `framework.unsupported-version`,
 * `framework.registered-twice` or `reloader.invalid-option`.
 *
 * @example
 * ```ts
 * await app.register(changeover, { reloader })
 * app.get('/products', async ({ config, modules }) => list(modules.db.current, config.page))
 * app.get('/events', { config: { pin: false } }, stream)
 * ```
 */
export const changeover: FastifyPluginAsync<FastifyOptions> = Object.assign(plugin, {
  // What fastify-plugin does: the decorators belong to the app that registers the plugin.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'changeover',
  [Symbol.for('plugin-meta')]: { name: 'changeover' },
})

const checkVersion = (version: unknown): void => {
  if (typeof version === 'string' && version.startsWith('5.')) return
  const found = typeof version === 'string' && /^\d+\.\d+/.test(version) ? `, this is ${version}` : ''
  throw changeoverError('framework.unsupported-version', { detail: `Fastify 5 is supported${found}` })
}

/** Fastify gives a plugin the options of `register` too. */
const withoutPrefix = (options: object): object => {
  const { prefix: _, logLevel: _level, logSerializers: _serializers, ...own } = options as Record<string, unknown>
  return own
}

const startOnce = async ({ status }: PluginReloader, start: () => Promise<void>): Promise<void> => {
  if (status().serving === undefined) await start()
}

const decorateRequest = (app: FastifyInstance, pins: RequestPins): void => {
  const viewOf = (request: FastifyRequest) => pins.viewOf(pinOf(request.raw)) as RegisteredView
  app.decorateRequest('config', {
    getter(this: FastifyRequest) {
      return viewOf(this).config
    },
  })
  app.decorateRequest('modules', {
    getter(this: FastifyRequest) {
      return viewOf(this).modules
    },
  })
}

const addHooks = (app: FastifyInstance, pins: RequestPins, options: CheckedOptions<FastifyRequest>): void => {
  const { isPinned, asyncContext } = options
  const choices = choicesOfRoutes(app)
  app.addHook('onRequest', (request, { raw }, done) => {
    let pin: ReturnType<RequestPins['pin']>
    try {
      const choice = choices.areMade ? request.routeOptions.config?.pin : undefined
      if (!(choice ?? isPinned(request))) return done()
      pin = pins.pin(request.raw, raw, routeOf, request)
    } catch (error) {
      return done(error as Error)
    }
    // Fastify itself keeps the context behind the parser of a body.
    if (asyncContext) runPinned(pin, done)
    else done()
  })
}

/** Whether routes decide themselves if they are pinned: `request.routeOptions` builds an object at each read (bench: pinned). */
const choicesOfRoutes = (app: FastifyInstance): { readonly areMade: boolean } => {
  const choices = { areMade: true }
  // The hook does not see routes that were declared before the plugin was loaded.
  const isFirst = app.printRoutes() === '(empty tree)'
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => void routes.push(route))
  // Not before: the hooks of other plugins may change a route.
  app.addHook('onReady', (done) => {
    choices.areMade = !isFirst || routes.some(({ config }) => config?.pin !== undefined)
    done()
  })
  return choices
}

const routeOf = ({ method, routeOptions: { url } }: FastifyRequest): string => `${method} ${url ?? 'without a route'}`
