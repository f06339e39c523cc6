import { setTimeout as wait } from 'node:timers/promises'
import { type Applier, createReloader, type Failure, type ReloaderOptions } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect } from 'vitest'
import { z } from 'zod'
import { observationOf } from '../../src/api/internal/observation.ts'

export const Config = z.strictObject({ version: z.number() })
export type Config = z.infer<typeof Config>

/** A pool that knows whether it is closed, as a pool of connections does. */
export class Pool {
  readonly version: number
  isClosed = false

  constructor({ version }: Config) {
    this.version = version
  }

  async query(): Promise<number> {
    await wait(1)
    if (this.isClosed) throw new Error(`The pool of version ${this.version} is closed`)
    return this.version
  }
}

const pool = (): Applier<Config, Pool> => ({
  prepare: (slice) => {
    const instance = new Pool(slice)
    return {
      instance,
      close: async () => {
        instance.isClosed = true
      },
    }
  },
})

/** A reloader with one pool, whose config and pool have the version that was put last. */
export const makeService = (options: Partial<ReloaderOptions<Config>> = {}) => {
  const source = memorySource({ version: 1 })
  const failures: Failure[] = []
  // An overdue lease would let its pool go too, within the time that a test may wait for it.
  const deadlines = { leaseMs: 600_000, ...options.deadlines }
  const reloader = createReloader({ source, schema: Config, ...options, deadlines }).use(
    'db',
    (config) => config,
    pool(),
  )
  observationOf(reloader).observe((event) => {
    if (event.kind === 'reported') failures.push(event.failure)
  })
  return {
    source,
    reloader,
    failures,
    serve: async (version: number): Promise<void> => {
      source.put({ version })
      const { outcome } = await reloader.reload()
      expect(outcome).toBe('committed')
    },
    /** Resolves once no pool is open but the one that serves: no request holds another. */
    onlyOnePoolLeft: () => expect.poll(() => reloader.status().modules.db?.live).toBe(1),
  }
}

export type Service = ReturnType<typeof makeService>
