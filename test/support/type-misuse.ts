/** A mistake in a call of `use`, and the words that the compiler must find for it. */
export interface TypeMisuse {
  readonly code: string
  readonly words: string
}

/** What each mistake below stands on. */
const misusePrelude = `
import { type Applier, createReloader, defineApplier, type PrepareContext, type Source } from 'changeover'
import { resource, timer } from 'changeover/appliers'
import { z } from 'zod'

declare const source: Source
interface Pool { readonly query: (text: string) => number }
const Config = z.object({
  db: z.object({ url: z.string(), intervalMs: z.number(), at: z.date() }),
  log: z.object({ level: z.string() }),
})
const pool: Applier<{ readonly url: string }, Pool> = { prepare: ({ url }) => ({ instance: { query: () => url.length } }) }
const session: Applier<object, number, { pool: Pool }> = { prepare: (_, { needs }) => ({ instance: needs.pool.query('') }) }
const task = timer(({ needs }: { slice: { intervalMs: number }; needs: { pool: Pool } }) => needs.pool.query(''))
const opened = resource({ open: (_: object, { needs }: PrepareContext<object, { pool: Pool }>) => needs.pool, close: () => {} })
const service = createReloader({ source, schema: Config }).use('db', (c) => c.db, pool).use('size', (c) => c.db, { prepare: () => ({ instance: 1 }) })
`

const forgotten = 'this applier needs { pool }: name a module'

export const typeMisuses: readonly TypeMisuse[] = [
  { code: `service.use('x', (c) => c.db, session)`, words: forgotten },
  { code: `service.use('x', (c) => c.db, session, {})`, words: forgotten },
  { code: `service.use('x', (c) => c.db, session, { after: ['db'] })`, words: forgotten },
  { code: `service.use('x', (c) => c.db, session, { needs: {} })`, words: forgotten },
  { code: `service.use('x', (c) => c.db, session, { needs: { pol: 'db' } })`, words: forgotten },
  { code: `service.use('x', (c) => c.db, task)`, words: forgotten },
  { code: `service.use('x', (c) => c.db, opened)`, words: forgotten },
  {
    code: `service.use('x', (c) => c.db, pool, { needs: { pool: 'db' } })`,
    words: 'this applier has no need { pool }',
  },
  {
    code: `service.use('x', (c) => c.db, session, { needs: { pool: 'size' } })`,
    words: `'number' is not assignable to type 'Pool'`,
  },
  {
    code: `service.use('x', (c) => c.db, session, { needs: { pool: 'bd' } })`,
    words: `Type '"bd"' is not assignable to type`,
  },
  {
    code: `service.use('x', (c) => c.db, { prepare: (_, { needs: { pool } }) => ({ instance: pool }) })`,
    words: `Property 'pool' does not exist on type 'NoModuleIsNamedInNeeds'`,
  },
  {
    code: `service.use('x', (c) => c.db, timer(({ needs: { pool } }) => pool))`,
    words: `Property 'pool' does not exist on type 'NoModuleIsNamedInNeeds'`,
  },
  {
    code: `service.use('x', (c) => c.db, resource({ open: (_, { needs: { pool } }) => pool, close: () => {} }))`,
    words: `Property 'pool' does not exist on type 'NoModuleIsNamedInNeeds'`,
  },
  {
    code: `service.use('x', (c) => c.db, defineApplier({ apply: () => {} }), { needs: { pool: 'db' } })`,
    words: 'a compensating applier gets no needs: name the modules in after',
  },
  { code: `service.use('x', (c) => c.db, pool, { aftr: ['db'] })`, words: `Did you mean to write 'after'?` },
  {
    code: `service.use('x', (c) => c.db, { prepare: () => ({ instance: 1 }) }, { aftr: ['db'] })`,
    words: `Did you mean to write 'after'?`,
  },
  {
    code: `service.use('x', (c) => c.db, defineApplier({ apply: () => {} }), { aftr: ['db'] })`,
    words: `Did you mean to write 'after'?`,
  },
  { code: `service.use('x', (c) => c.db, session, { need: { pool: 'db' } })`, words: forgotten },
  {
    code: `service.use('x', (c) => c.db, pool, { after: 'db' })`,
    words: `Type 'string' is not assignable to type 'readonly`,
  },
  { code: `service.use('x', (c) => c.db, pool, { after: ['bd'] })`, words: `Type '"bd"' is not assignable to type` },
  {
    code: `service.use('x', (c) => c.log, pool)`,
    words: `Property 'url' is missing in type '{ readonly level: string; }'`,
  },
  {
    code: `service.use('x', (c) => c.log, { prepare: (slice) => ({ instance: slice.levle }) })`,
    words: `Property 'levle' does not exist on type '{ readonly level: string; }'. Did you mean 'level'?`,
  },
  {
    code: `service.use('x', (c) => c.log, { prepare: () => ({ instance: 1, commit: async () => {} }) })`,
    words: `'Promise<void>' is not assignable to type 'undefined'`,
  },
  {
    code: `createReloader({ source, schema: Config, public: ['db.at.getTime'] })`,
    words: `Type '"db.at.getTime"' is not assignable to type`,
  },
]

/** The whole file: each mistake stands in a line of its own. */
export const misuseText = `${misusePrelude}${typeMisuses.map(({ code }) => code).join('\n')}\n`

const firstLine = misusePrelude.split('\n').length

/** What the compiler says of the mistake with this index, from its whole output. */
export const wordsOf = (output: string, index: number): string => {
  const blocks = output.split(/\n(?=\S)/)
  const at = new RegExp(`^[^\\n(]*\\(${firstLine + index},\\d+\\): error`)
  return blocks.filter((block) => at.test(block)).join('\n')
}
