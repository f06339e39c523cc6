/** As much of @nestjs/common 11 as the documentation uses. */
export declare const Global: () => ClassDecorator
export declare const Injectable: () => ClassDecorator
export declare const Inject: (token: symbol) => PropertyDecorator
export declare const Module: (metadata: {
  readonly imports?: readonly unknown[]
  readonly providers?: readonly unknown[]
  readonly exports?: readonly unknown[]
}) => ClassDecorator

export interface OnApplicationShutdown {
  readonly onApplicationShutdown: (signal?: string) => unknown
}
