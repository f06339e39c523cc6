/** What the compiler infers for appliers that are written inside `use`: checked by `npm run types`. */
import { type Applier, createReloader, defineApplier, type Source } from 'changeover'
import { resource, timer } from 'changeover/appliers'
import { pgPool } from 'changeover/pg'
import type { Pool } from 'pg'
import * as v from 'valibot'
import { z } from 'zod'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Equal<A, B>): void => {}

declare const source: Source

const Config = z.strictObject({
  db: z.strictObject({ host: z.string(), hosts: z.array(z.string()), ports: z.tuple([z.number(), z.number()]) }),
  cache: z.strictObject({ intervalMs: z.number(), size: z.number() }),
  extra: z.strictObject({ intervalMs: z.number(), unit: z.enum(['kB', 'MB']) }).optional(),
  level: z.enum(['info', 'warn']),
})

const base = () => createReloader({ source, schema: Config })
const withDb = () => base().use('db', (c) => c.db, pgPool())

// An object with prepare: the slice, the slice before, and the instance.
const plain = base().use('x', (c) => c.cache, {
  prepare: (slice, { previous, clock }) => {
    same<typeof slice, { readonly intervalMs: number; readonly size: number }>(true)
    return { instance: { size: slice.size, before: previous?.size, at: clock.now() }, close: async () => {} }
  },
})
same<(typeof plain)['modules']['x']['current'], { size: number; before: number | undefined; at: number }>(true)
const waiting = base().use('x', (c) => c.level, { prepare: async (level) => ({ instance: level }) })
same<(typeof waiting)['modules']['x']['current'], 'info' | 'warn'>(true)

// A slice that may be undefined is defined in prepare, and makes the instance optional.
const optional = base().use('x', (c) => c.extra, { prepare: ({ unit }) => ({ instance: unit }) })
same<(typeof optional)['modules']['x']['current'], 'kB' | 'MB' | undefined>(true)

// Needs: of one module, of two, of a module that may be off.
const needing = withDb()
  .use('cache', (c) => c.cache, { prepare: ({ size }) => ({ instance: { size } }) })
  .use(
    'x',
    (c) => c.level,
    {
      prepare: (_, { needs: { pool } }) => ({ instance: pool }),
    },
    { needs: { pool: 'db' } },
  )
  .use(
    'y',
    (c) => c.level,
    {
      prepare: (_, { needs: { pool, cache } }) => ({ instance: [pool, cache.size] as const }),
    },
    { needs: { pool: 'db', cache: 'cache' }, after: ['x'], deadlines: { prepareMs: 1 } },
  )
same<(typeof needing)['modules']['x']['current'], Pool>(true)
same<(typeof needing)['modules']['y']['current'], readonly [Pool, number]>(true)
optional.use(
  'y',
  (c) => c.level,
  {
    prepare: (_, { needs: { unit } }) => {
      same<typeof unit, 'kB' | 'MB' | undefined>(true)
      return { instance: unit }
    },
  },
  { needs: { unit: 'x' } },
)

// timer: without links, with needs, warm, and with an optional slice.
base().use(
  'x',
  (c) => c.cache,
  timer(({ slice }) => slice.size.toFixed(0)),
)
base().use(
  'x',
  (c) => c.cache,
  timer(() => 1),
)
const ticking = withDb().use(
  'x',
  (c) => c.cache,
  timer(({ needs: { pool } }) => pool.query<{ n: number }>('select 1')),
  {
    needs: { pool: 'db' },
  },
)
same<Awaited<NonNullable<(typeof ticking)['modules']['x']['current']['last']>>['rows'], { n: number }[]>(true)
const warm = withDb().use(
  'x',
  (c) => c.extra,
  timer(async ({ slice, needs: { pool }, signal }) => [slice.unit, pool.totalCount, signal.aborted] as const, {
    warm: true,
  }),
  { needs: { pool: 'db' } },
)
same<NonNullable<(typeof warm)['modules']['x']['current']>['last'], readonly ['kB' | 'MB', number, boolean]>(true)

// resource: what open makes is what check, close and destroy get. An `open` that takes the instance before says what it makes.
const opened = withDb()
  .use(
    'x',
    (c) => c.extra,
    resource({
      open: async ({ unit }, { needs: { pool }, previous }) => ({ unit, pool, was: previous?.unit }),
      check: ({ pool }) => pool.query('select 1'),
      close: ({ unit }, signal) => [unit.toLowerCase(), signal.aborted],
      destroy: ({ pool }) => pool.totalCount,
    }),
    { needs: { pool: 'db' } },
  )
  .use(
    'y',
    (c) => c.cache,
    resource({ open: ({ size }, _, before): number => size + (before ?? 0), close: (size) => size.toFixed(0) }),
  )
same<(typeof opened)['modules']['y']['current'], number>(true)
same<NonNullable<(typeof opened)['modules']['x']['current']>['unit'], 'kB' | 'MB'>(true)
base().use('x', (c) => c.cache, resource({ open: ({ size }) => size, close: (size) => size.toFixed(0) }), { after: [] })

// defineApplier, and the same written out.
const compensating = withDb()
  .use(
    'x',
    (c) => c.extra,
    defineApplier({
      apply: ({ unit }, previous, { direction }) => {
        same<typeof unit, 'kB' | 'MB'>(true)
        same<typeof previous, { readonly intervalMs: number; readonly unit: 'kB' | 'MB' } | undefined>(true)
        void direction
      },
      close: () => {},
    }),
  )
  .use('y', (c) => c.cache, defineApplier({ apply: async (next) => void next.size.toFixed(0) }), { after: ['x', 'db'] })
  .use('z', (c) => c.level, { kind: 'compensating', apply: (level) => void level.trim() }, { after: ['y'] })
same<(typeof compensating)['modules']['z']['current'], undefined>(true)
// @ts-expect-error a module with generations may not come after a compensating one
compensating.use('g', (c) => c.cache, { prepare: ({ size }) => ({ instance: size }) }, { after: ['z'] })
// @ts-expect-error nor may it need one
compensating.use('g', (c) => c.cache, { prepare: () => ({ instance: 1 }) }, { needs: { z: 'z' } })
// @ts-expect-error a compensating applier gets no needs
withDb().use('x', (c) => c.cache, defineApplier({ apply: () => {} }), { needs: { pool: 'db' } })

// Readonly slices fit the mutable options of drivers.
interface DriverOptions {
  host?: string
  hosts?: string[]
  ports?: [number, number]
}
declare const connect: (options: DriverOptions) => { readonly end: () => void }
base().use('x', (c) => c.db, resource({ open: (slice) => connect(slice), close: (client) => client.end() }))
base().use('x', (c) => ({ ...c.db, hosts: [...c.db.hosts, c.db.host] }), { prepare: (s) => ({ instance: connect(s) }) })
base().use('x', (c) => c.db, defineApplier({ apply: (slice) => connect(slice).end() }))
base().use('x', (c) => c.db.hosts, { prepare: (hosts) => ({ instance: connect({ hosts }) }) })
const mutable: Applier<DriverOptions, number> = { prepare: () => ({ instance: 1 }) }
base().use('x', (c) => c.db, mutable)
const readOnly: Applier<{ readonly hosts: readonly string[] }, number> = { prepare: () => ({ instance: 1 }) }
base().use('x', (c) => c.db, readOnly)
base().use('x', (c) => ({ hosts: c.db.hosts, mode: 'fast' }), {} as Applier<{ hosts: string[]; mode: 'fast' | 'slow' }>)
// @ts-expect-error the config itself stays read-only
base().config.db.hosts.push('x')

// valibot's schemas serve as well.
createReloader({ source, schema: v.object({ a: v.array(v.object({ b: v.number() })) }) }).use('x', (c) => c.a, {
  prepare: ([first]) => ({ instance: first?.b.toFixed(0) }),
})

// An applier is no function.
// @ts-expect-error it cannot be called
timer(() => 1)()
// @ts-expect-error it cannot be called
defineApplier({ apply: () => {} })()
