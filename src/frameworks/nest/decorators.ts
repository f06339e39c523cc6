import { type FactoryProvider, Inject, SetMetadata } from '@nestjs/common'
import type { DeepReadonly } from '../../model/schema.ts'
import type { RegisteredReloader, RegisteredView } from '../register.ts'
import { NestService } from './nest-service.ts'

/** Follows the config: what the running request holds, and outside of a request what serves. Read it again each time. */
export interface Live<T> {
  readonly current: T
}

/** The token of the reloader. */
export const RELOADER = Symbol('changeover.reloader')

/** Set on classes and methods whose requests hold nothing. */
export const UNPINNED = 'changeover:unpinned'

type Decorator = PropertyDecorator & ParameterDecorator

type Instances = RegisteredView['modules']

/** What the decorators of all loaded classes ask for. Nest reads it once all of them are loaded. */
const asked = new Map<string | symbol, (service: NestService) => Live<unknown>>()

/** The providers of what the decorators ask for. */
export const askedProviders = (): FactoryProvider[] =>
  [...asked].map(([provide, make]) => ({ provide, inject: [NestService], useFactory: make }))

/**
 * Injects a module that follows: `.current` is the instance that the running request holds, and outside of a request the
 * one that serves. It throws `reloader.no-such-module` for a name that `use` does not know.
 *
 * @example
 * ```ts
 * @Injectable()
 * class Products {
 *   @Live('db') readonly db!: Live<Pool>
 *   list = () => this.db.current.query('select * from products')
 * }
 * ```
 */
export const Live = (module: [keyof Instances] extends [never] ? string : keyof Instances & string): Decorator => {
  const token = `changeover.live.${module}`
  asked.set(token, (service) => ({
    get current() {
      return service.instanceOf(module)
    },
  }))
  return Inject(token)
}

/**
 * Injects a part of the config that follows: `.current` is what `select` returns of the config that the running request
 * holds, and outside of a request of the one that serves. A value that is injected once would never be reloaded.
 *
 * @example
 * ```ts
 * @Injectable()
 * class Products {
 *   constructor(@InjectConfig((config: Config) => config.page) readonly page: Live<Config['page']>) {}
 * }
 * ```
 */
export const InjectConfig = <Config = RegisteredView['config']>(
  select: (config: DeepReadonly<Config>) => unknown = (config) => config,
): Decorator => {
  const token = Symbol('changeover.config')
  asked.set(token, (service) => ({
    get current() {
      return select(service.view.config as DeepReadonly<Config>)
    },
  }))
  return Inject(token)
}

/** Injects the reloader. */
export const InjectReloader = (): Decorator => Inject(RELOADER)

/** What `@InjectReloader()` injects if `Register` of `changeover/request` names the reloader. */
export type InjectedReloader = RegisteredReloader

/**
 * Lets the requests of a handler or a controller hold nothing: for streams, server-sent events and gateways, which last. They
 * see what serves, each time they look.
 */
export const Unpinned = (): ClassDecorator & MethodDecorator => SetMetadata(UNPINNED, true)
