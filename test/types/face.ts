/**
 * What must compile, and what must not: checked by `npm run types`. An expected error that does not come is an error.
 */
import { type Applier, createReloader, type Generation, type Reloader, type Source } from 'changeover'
import { defineApplier } from 'changeover'
import { logLevel, resource, timer } from 'changeover/appliers'
import { pgPool } from 'changeover/pg'
import type { Pool } from 'pg'
import * as v from 'valibot'
import { z } from 'zod'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Equal<A, B>): void => {}

declare const source: Source

const Config = z.strictObject({
  log: z.strictObject({ level: z.string() }),
  db: z.strictObject({ host: z.string(), max: z.number(), tags: z.array(z.string()) }),
  cache: z.strictObject({ intervalMs: z.number() }).optional(),
  tenants: z.record(z.string(), z.strictObject({ limit: z.number() })),
})

interface Server {
  readonly port: number
}
interface Session {
  readonly id: string
}

const server: Applier<{ readonly host: string }, Server> = { prepare: () => ({ instance: { port: 1 } }) }
const session: Applier<{ readonly max: number }, Session, { server: Server }> = {
  prepare: (_, { needs }) => ({ instance: { id: String(needs.server.port) } }),
}
const compensating = defineApplier<{ readonly level: string }>({ apply: () => {} })
const generation: Applier<{ readonly level: string }, number> = { prepare: () => ({ instance: 1 }) }

const base = () => createReloader({ source, schema: Config })
const withServer = base().use('server', (c) => c.db, server)

// Types flow from the schema through slices to instances.
same<(typeof withServer)['modules']['server']['current'], Server>(true)
same<(typeof withServer)['config']['db']['max'], number>(true)
same<(typeof withServer)['config']['db']['tags'], readonly string[]>(true)
const withSession = withServer.use('session', (c) => c.db, session, { needs: { server: 'server' } })
same<(typeof withSession)['modules']['session']['current'], Session>(true)
void withSession.lease(({ config, modules }) => {
  same<typeof config.db.host, string>(true)
  same<typeof modules.session.current, Session>(true)
})
const used = withSession.modules.session.use((one) => one.id.length)
same<typeof used, Promise<number>>(true)
withSession.subscribe(
  (c) => c.db.max,
  (next, previous) => {
    same<typeof next, number | undefined>(true)
    same<typeof previous, number | undefined>(true)
  },
)

// A slice that can be undefined makes the instance optional.
const optional = base().use(
  'cache',
  (c) => c.cache,
  timer(() => 1),
)
same<undefined extends (typeof optional)['modules']['cache']['current'] ? true : false, true>(true)

// valibot's schemas serve as well as zod's.
const ofValibot = createReloader({ source, schema: v.object({ a: v.number() }) })
same<(typeof ofValibot)['config']['a'], number>(true)

// The twelve-line example's appliers.
const full = base()
  .use('logger', (c) => c.log, logLevel({} as Parameters<typeof logLevel>[0]))
  .use('db', (c) => c.db, pgPool(), { after: ['logger'] })
same<(typeof full)['modules']['db']['current'], Pool>(true)
base().use(
  'client',
  (c) => c.db,
  resource({ open: async (slice: { readonly host: string }) => slice.host, close: async () => {} }),
)

// The instance that serves is typed by its annotation, and does not disturb what an applier is inferred to make.
const limiter: Applier<{ readonly max: number }, { readonly used: () => number }> = {
  prepare: ({ max }, _, previous?: { readonly used: () => number }) => ({
    instance: { used: () => max + (previous?.used() ?? 0) },
  }),
}
const anyLimiter: Applier<{ readonly max: number }, unknown> = limiter
void anyLimiter
const inline = base().use('inline', (c) => c.db, {
  prepare: ({ max }: { readonly max: number }, { clock }, previous: { readonly since: number } | undefined) => ({
    instance: { since: previous?.since ?? clock.now(), max },
  }),
})
same<(typeof inline)['modules']['inline']['current'], { since: number; max: number }>(true)
resource({
  open: ({ host }: { readonly host: string }, _, previous): string => `${host}${previous?.length ?? 0}`,
  close: (host) => host.length,
})

// A wrong slice.
// @ts-expect-error the applier takes a host
base().use('server', (c) => c.log, server)
// @ts-expect-error the slice may be undefined, but what it holds must fit
base().use('server', (c) => c.cache, server)
// @ts-expect-error the slice's max is a number
base().use('wrong', (c) => c.db, { prepare: (s: { readonly max: string }) => ({ instance: s }) } satisfies Applier<
  { readonly max: string },
  unknown
>)

// Unknown and compensating modules in `after`.
// @ts-expect-error there is no such module
withServer.use('b', (c) => c.log, generation, { after: ['serve'] })
// @ts-expect-error a later module is unknown yet, so that cycles cannot be written
base().use('a', (c) => c.log, generation, { after: ['a'] })
const withCompensating = base().use('c', (c) => c.log, compensating)
// @ts-expect-error a generation module may not come after a compensating one
withCompensating.use('g', (c) => c.log, generation, { after: ['c'] })
base()
  .use('c', (c) => c.log, compensating)
  .use('d', (c) => c.log, defineApplier<object>({ apply: () => {} }), { after: ['c'] })

// Needs: missing, unknown, of the wrong type, switched off.
// @ts-expect-error the applier needs a server
withServer.use('session', (c) => c.db, session)
// @ts-expect-error the applier needs a server
withServer.use('session', (c) => c.db, session, { after: ['server'] })
// @ts-expect-error there is no such module
withServer.use('session', (c) => c.db, session, { needs: { server: 'serve' } })
// @ts-expect-error the instance is no server
withServer.use('other', (c) => c.log, generation).use('session', (c) => c.db, session, { needs: { server: 'other' } })
const withOptional = base().use('server', (c) => (c.cache ? c.db : undefined), server)
// @ts-expect-error the server may be off
withOptional.use('session', (c) => c.db, session, { needs: { server: 'server' } })

// Names.
// @ts-expect-error there is a module of that name
withServer.use('server', (c) => c.db, server)

// Commits and rollbacks are synchronous.
// @ts-expect-error an async commit
const asyncCommit: Generation<number> = { instance: 1, commit: async () => {} }
// @ts-expect-error an async rollback
const asyncRollback: Generation<number> = { instance: 1, rollback: async () => {} }

// The config is read-only to the bottom.
const writing = (reloader: typeof withServer): void => {
  // @ts-expect-error a leaf
  reloader.config.db.max = 1
  // @ts-expect-error an array
  reloader.config.db.tags.push('x')
  // @ts-expect-error a branch
  reloader.config.db = { host: '', max: 1, tags: [] }
  // @ts-expect-error a record
  reloader.config.tenants.acme = { limit: 1 }
  // @ts-expect-error the config itself
  reloader.config = {}
  // @ts-expect-error an instance
  reloader.modules.server.current = { port: 2 }
}

// Public paths are those of the schema.
createReloader({ source, schema: Config, public: ['log.level', 'db', 'tenants.*.limit', 'db.tags.*'] })
// @ts-expect-error no such path
createReloader({ source, schema: Config, public: ['log.levle'] })
// @ts-expect-error a record's own keys are data
createReloader({ source, schema: Config, public: ['tenants.acme'] })

// Records are a union by outcome.
const failuresOf = async (reloader: Reloader<unknown>): Promise<void> => {
  for await (const record of reloader.transactions()) {
    if (record.outcome === 'rolled-back') void record.failures[0].code
    if (record.outcome === 'degraded') void record.degraded.length
    // @ts-expect-error a committed transaction has no failures
    if (record.outcome === 'committed') void record.failures
  }
}

export { asyncCommit, asyncRollback, failuresOf, writing }
