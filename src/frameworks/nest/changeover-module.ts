import {
  type DynamicModule,
  Inject,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  type OnApplicationShutdown,
  type Provider,
  RequestMethod,
} from '@nestjs/common'
import { APP_INTERCEPTOR, ModulesContainer } from '@nestjs/core'
import { changeoverError } from '../../model/failure.ts'
import { askedProviders, RELOADER } from './decorators.ts'
import { ChangeoverHealthIndicator } from './health-indicator.ts'
import { NestService } from './nest-service.ts'
import { checkNestVersion } from './nest-version.ts'
import type { NestAsyncOptions, NestOptions } from './options.ts'
import { PinInterceptor } from './pin-interceptor.ts'
import { pinMiddleware } from './pin-middleware.ts'

/** The options of an application, given or made. */
const OPTIONS = Symbol('changeover.options')

/**
 * The module for Nest 11 and 12. Import it once, in the root module: it is global. It starts the reloader before the
 * application listens, unless it has been started; gives each request one snapshot until its response has closed; and closes
 * the reloader after the server.
 */
export class ChangeoverModule implements NestModule, OnApplicationShutdown {
  readonly #service: NestService

  constructor(service: NestService) {
    this.#service = service
  }

  /**
   * Registers a reloader. The application fails with the code of what failed the start, or with
   * `framework.registered-twice` or `reloader.invalid-option`.
   *
   * @throws ChangeoverError `framework.unsupported-version`
   *
   * @example
   * ```ts
   * @Module({ imports: [ChangeoverModule.forRoot({ reloader })], providers: [Products] })
   * class AppModule {}
   * ```
   */
  static forRoot(options: NestOptions): DynamicModule {
    return dynamicModule({ provide: OPTIONS, useValue: options })
  }

  /**
   * Registers a reloader that a factory makes of other providers.
   *
   * @throws ChangeoverError `framework.unsupported-version`
   *
   * @example
   * ```ts
   * ChangeoverModule.forRootAsync({ inject: [Secrets], useFactory: (secrets: Secrets) => ({ reloader: make(secrets) }) })
   * ```
   */
  static forRootAsync({ imports = [], inject = [], useFactory }: NestAsyncOptions): DynamicModule {
    const provider = { provide: OPTIONS, useFactory, inject: [...inject] } as Provider
    return dynamicModule(provider, [...imports] as DynamicModule[])
  }

  /** Pins the requests of all routes. Nest calls it. */
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(pinMiddleware(this.#service)).forRoutes({ path: '{*path}', method: RequestMethod.ALL })
  }

  /** Closes the reloader. Nest calls it once the server has closed. */
  onApplicationShutdown(): Promise<void> {
    return this.#service.close()
  }
}

// Written as calls: decorators would need a compiler option, which no other file needs.
Module({})(ChangeoverModule)
Inject(NestService)(ChangeoverModule, undefined, 0)

const dynamicModule = (options: Provider, imports: readonly DynamicModule[] = []): DynamicModule => {
  checkNestVersion()
  return {
    module: ChangeoverModule,
    global: true,
    imports: [...imports],
    // Read by Nest when it scans the modules: by then all classes with decorators are loaded.
    get providers() {
      return [options, ...ownProviders, ...askedProviders()]
    },
    get exports() {
      return [RELOADER, ChangeoverHealthIndicator, ...askedProviders().map(({ provide }) => provide)]
    },
  }
}

const ownProviders: readonly Provider[] = [
  {
    provide: NestService,
    inject: [OPTIONS, ModulesContainer],
    useFactory: (given: NestOptions, modules: ModulesContainer) => {
      const own = [...modules.values()].filter(({ metatype }) => metatype === ChangeoverModule)
      if (own.length > 1) throw changeoverError('framework.registered-twice', { detail: 'ChangeoverModule' })
      return NestService.start(given)
    },
  },
  { provide: RELOADER, inject: [NestService], useFactory: ({ reloader }: NestService) => reloader },
  {
    provide: ChangeoverHealthIndicator,
    inject: [NestService],
    useFactory: (service: NestService) => new ChangeoverHealthIndicator(service),
  },
  {
    provide: APP_INTERCEPTOR,
    inject: [NestService],
    useFactory: (service: NestService) => new PinInterceptor(service),
  },
]
