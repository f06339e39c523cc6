export { changeover } from './fastify.ts'
export type { FastifyOptions, PluginReloader } from './options.ts'
