import type { IncomingMessage } from 'node:http'
import type { CloseOptions, StartOptions } from '../../api/call-options.ts'
import type { RequestOptions } from '../request-options.ts'

/** What the module needs of a reloader. */
export interface ModuleReloader {
  readonly start: (options?: StartOptions) => Promise<void>
  readonly close: (options?: CloseOptions) => Promise<void>
}

/** Options of `ChangeoverModule.forRoot`. */
export interface NestOptions extends RequestOptions<IncomingMessage> {
  readonly reloader: ModuleReloader
  /** The options of `reloader.start`. @default none: the application waits for the source */
  readonly start?: StartOptions
  /** The options of `reloader.close`. @default those of `close` */
  readonly close?: CloseOptions
}

/** Options of `ChangeoverModule.forRootAsync`: the parts of a provider with a factory. */
export interface NestAsyncOptions {
  /** The modules that export what `inject` names. */
  readonly imports?: readonly unknown[]
  /** The tokens whose providers the factory gets. */
  readonly inject?: readonly unknown[]
  readonly useFactory: (...args: never[]) => NestOptions | Promise<NestOptions>
}
