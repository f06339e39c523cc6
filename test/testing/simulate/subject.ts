import { type Applier, defineApplier } from 'changeover'
import { resource } from 'changeover/appliers'
import type { Subject } from 'changeover/testing'
import fc from 'fast-check'
import { z } from 'zod'

const Slice = z.strictObject({ v: z.number() })
/** The order of its keys matters: it is that of the document. */
const Tags = z.record(z.string(), z.number())
const Config = z.strictObject({
  log: Slice,
  db: Slice,
  cache: Slice.optional(),
  route: Slice,
  service: Slice,
  tags: Tags.optional(),
})
type Config = z.infer<typeof Config>
type Slice = z.infer<typeof Slice>

interface Pool {
  readonly v: number
}

interface Cache {
  readonly v: number
  readonly pool: Pool
}

interface ServiceSlice {
  readonly v: number
  readonly level: number
  readonly tags: z.infer<typeof Tags> | undefined
}

/** Like `logLevel`: the commit has a side effect, and the rollback is its exact inverse. */
const level = (): Applier<Slice, Pool> => {
  let served: number | undefined
  return {
    prepare: ({ v }) => {
      const before = served
      return {
        instance: { v },
        commit: () => {
          served = v
          return undefined
        },
        rollback: () => {
          served = before
          return undefined
        },
      }
    },
  }
}

const pool = () =>
  resource<Slice, Pool>({ open: async ({ v }) => ({ v }), check: async () => {}, close: async () => {} })

/** A cache that is warmed through the very pool that will serve with it. */
const cache = (): Applier<Slice, Cache, { pool: Pool }> => ({
  prepare: async ({ v }, { needs, clock }) => {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 5))
    return { instance: { v, pool: needs.pool }, close: async () => {} }
  },
})

/** A compensating module: it has no generations, and each change is applied in place. */
const route = () => defineApplier<Slice>({ apply: async () => {} })

/**
 * A small service with every kind of module: a side effect at the commit, a pool with checks, a module that needs another one
 * and is switched off and on, a module that follows several slices, and a compensating module.
 */
export const subject: Subject<Config> = {
  overlaps: true,
  schema: Config,
  modules: (reloader) =>
    reloader
      .use('log', ({ log }) => log, level())
      .use('db', ({ db }) => db, pool(), { after: ['log'] })
      .use('cache', (config) => config.cache, cache(), { needs: { pool: 'db' } })
      .use(
        'service',
        ({ service, log, tags }) => ({ v: service.v, level: log.v, tags }),
        resource({
          open: async (slice: ServiceSlice) => ({ ...slice }),
          close: async () => {},
        }),
        { after: ['cache'] },
      )
      .use('route', ({ route: to }) => to, route(), { after: ['log'] }),
  invariants: {
    'the cache serves with the pool that it was warmed through': ({ modules }) => {
      const served = modules.cache as Cache | undefined
      if (served !== undefined && served.pool !== modules.db) throw new Error('another pool serves')
    },
  },
  sometimes: {
    'a module is off': ({ config }) => config.cache === undefined,
    'it is degraded, or was': ({ status }) => status.counters.degraded > 0,
    'a config is quarantined': ({ status }) => status.quarantine.length > 0,
    'changes are frozen': ({ status }) => status.frozen !== undefined,
    'it can revert': ({ status }) => status.goodHistory.length > 1,
  },
}

const slices = fc.record({ v: fc.nat(5) })
const tags = fc.constantFrom(undefined, { a: 1, b: 2 }, { b: 2, a: 1 })

/** Documents with few different values, so that earlier ones come again. */
export const documents: fc.Arbitrary<Config> = fc
  .record({
    log: slices,
    db: slices,
    cache: fc.option(slices, { nil: undefined }),
    route: slices,
    service: slices,
    tags,
  })
  .map(({ cache: maybe, tags: some, ...rest }) => ({
    ...rest,
    ...(maybe === undefined ? {} : { cache: maybe }),
    ...(some === undefined ? {} : { tags: some }),
  }))
