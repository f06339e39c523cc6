import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CloseOptions, StartOptions } from '../../api/call-options.ts'
import type { RequestOptions } from '../request-options.ts'

/** What the plugin needs of a reloader. */
export interface PluginReloader {
  readonly start: (options?: StartOptions) => Promise<void>
  readonly close: (options?: CloseOptions) => Promise<void>
  readonly status: () => { readonly serving?: object }
}

/** Options of the plugin for Fastify. */
export interface FastifyOptions extends RequestOptions<FastifyRequest> {
  /** The reloader, or a function that makes it of the app, whose `log` it may take. */
  readonly reloader: PluginReloader | ((app: FastifyInstance) => PluginReloader)
  /** The options of `reloader.start`. @default a deadline half a second before Fastify's `pluginTimeout` */
  readonly start?: StartOptions
  /** The options of `reloader.close`. @default those of `close` */
  readonly close?: CloseOptions
}

/** Fastify's own failure would not say what the source has answered. */
const BEFORE_TIMEOUT_MS = 500

/** Fills in the deadline of the start: Fastify gives up a plugin after a time. */
export const startOptionsOf = (app: FastifyInstance, given: StartOptions | undefined): StartOptions => {
  const { pluginTimeout = 10_000 } = app.initialConfig
  if (given !== undefined || pluginTimeout <= BEFORE_TIMEOUT_MS) return given ?? {}
  return { deadlineMs: pluginTimeout - BEFORE_TIMEOUT_MS }
}
