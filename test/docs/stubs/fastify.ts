/** As much of Fastify 5 as the documentation uses. */
interface Reply {
  readonly code: (status: number) => Reply
  readonly send: (payload: unknown) => Reply
}

interface App {
  readonly get: (path: string, handler: (request: unknown, reply: Reply) => unknown) => App
  readonly addHook: (name: 'onClose', hook: () => Promise<void>) => App
  readonly listen: (options: { readonly port: number }) => Promise<string>
  readonly close: () => Promise<undefined>
}

export default function Fastify(_options: { readonly loggerInstance: object }): App {
  throw new Error('A stub is for types')
}
