import { type Applier, defineApplier, type Reloader } from 'changeover'
import { faults, scenario, type Subject } from 'changeover/testing'
import fc from 'fast-check'
import { z } from 'zod'

const Slice = z.strictObject({ value: z.number() })
export const Config = z.strictObject({ log: Slice, db: Slice })
export type Config = z.infer<typeof Config>
type Slice = Config['log']

export const plain = (): Applier<Slice, Slice> => ({
  prepare: (slice) => ({ instance: slice, close: async () => {} }),
})

/** A logger and a database in name, and what the database's applier is. */
export const subjectOf = (
  db: () => Applier<Slice, Slice> = plain,
  more: Partial<Subject<Config>> = {},
): Subject<Config> => ({
  schema: Config,
  modules: (reloader: Reloader<Config>) =>
    reloader
      .use('log', (c) => c.log, plain())
      .use('db', (c) => c.db, db(), { after: ['log'] })
      .use('flags', (c) => c.db, defineApplier<Slice>({ apply: async () => {} }), { after: ['db'] }),
  ...more,
})

export const documentOf = (value: number): Config => ({ log: { value }, db: { value } })

const slice = fc.record({ value: fc.nat({ max: 9 }) })
export const documents = fc.record({ log: slice, db: slice })

/** A change in which the database hangs while the logger is prepared already. */
export const hangingDb = () =>
  scenario('the database hangs').start(documentOf(1)).fault('db.prepare', faults.hang(), 2).put(documentOf(2))
