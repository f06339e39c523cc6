// A Fastify app in a process of its own: `pinned-child.ts <mode>`. An AsyncLocalStorage that has been
// used once slows the promises of the whole process, so the floor must not share one with it.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { AddressInfo } from 'node:net'
import { createReloader } from 'changeover'
import { changeover } from 'changeover/fastify'
import { pinned } from 'changeover/request'
import { memorySource } from 'changeover/testing'
import Fastify from 'fastify'
import { z } from 'zod'
import { processorMs } from './processor.ts'

/** What the process tells when it is asked: how much it has used. */
export interface PinnedUse {
  readonly processorMs: number
  readonly heapBytes: number
}

export type PinnedMode = 'plain' | 'async-local-storage' | 'pinned' | 'request-config'

const mode = process.argv[2] as PinnedMode
// One app rests while the other is measured, for minutes.
const app = Fastify({ keepAliveTimeout: 3_600_000 })
const config = Object.freeze({ limit: 20 })

/** What a handler does: three awaits, each of which looks at the config. */
const answer = async (limitOf: () => number): Promise<object> => {
  const first = await limitOf()
  const second = await limitOf()
  return { limit: (first + second + (await limitOf())) / 3 }
}

if (mode === 'plain') {
  app.get('/', () => answer(() => config.limit))
} else if (mode === 'async-local-storage') {
  const storage = new AsyncLocalStorage<typeof config>()
  app.addHook('onRequest', (_request, _reply, done) => storage.run(config, done))
  app.get('/', () => answer(() => storage.getStore()?.limit ?? 0))
} else {
  const reloader = createReloader({ source: memorySource(config), schema: z.object({ limit: z.number() }) })
  await app.register(changeover, { reloader, asyncContext: mode === 'pinned' })
  if (mode === 'pinned') app.get('/', () => answer(() => pinned(reloader).config.limit))
  else app.get('/', (request) => answer(() => (request.config as unknown as { readonly limit: number }).limit))
}
await app.listen({ port: 0, host: '127.0.0.1' })

process.on('message', (order) => {
  if (order === 'collect') globalThis.gc?.()
  process.send?.({ processorMs: processorMs(), heapBytes: process.memoryUsage().heapUsed } satisfies PinnedUse)
})
process.send?.((app.server.address() as AddressInfo).port)
