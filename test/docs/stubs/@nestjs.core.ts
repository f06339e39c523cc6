/** As much of @nestjs/core 11 as the documentation uses. */
interface App {
  readonly close: () => Promise<void>
  readonly listen: (port: number) => Promise<unknown>
}

export declare const NestFactory: { readonly create: (module: new () => object) => Promise<App> }
