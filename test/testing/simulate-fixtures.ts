import { type Applier, defineApplier, type Reloader } from 'changeover'
import { faults, type Scenario, SimulationError, scenario, type Subject } from 'changeover/testing'
import fc from 'fast-check'
import { z } from 'zod'

const Slice = z.strictObject({ value: z.number() })
export const Config = z.strictObject({ log: Slice, db: Slice })
export type Config = z.infer<typeof Config>
export type Slice = Config['log']

export const plainApplier = (): Applier<Slice, Slice> => ({
  prepare: (slice) => ({ instance: slice, close: async () => {} }),
})

/** A service with a logger, a database with the given applier, and a compensating module. */
export const subjectOf = (
  db: () => Applier<Slice, Slice> = plainApplier,
  more: Partial<Subject<Config>> = {},
): Subject<Config> => ({
  schema: Config,
  modules: (reloader: Reloader<Config>) =>
    reloader
      .use('log', (c) => c.log, plainApplier())
      .use('db', (c) => c.db, db(), { after: ['log'] })
      .use('flags', (c) => c.db, defineApplier<Slice>({ apply: async () => {} }), { after: ['db'] }),
  ...more,
})

/** A service whose database has no rollback, which breaks an invariant. */
export const subjectWithoutRollback = (): Subject<Config> => {
  let served = 0
  const db = (): Applier<Slice, Slice> => ({
    prepare: (slice) => ({
      instance: slice,
      commit: () => {
        served = slice.value
        return undefined
      },
    }),
  })
  return subjectOf(db, {
    invariants: {
      'the database has the value of the config': ({ config }) => {
        if (served !== config.db.value) throw new Error('it has another value')
      },
    },
  })
}

export const documentOf = (value: number): Config => ({ log: { value }, db: { value } })

const slice = fc.record({ value: fc.nat({ max: 9 }) })
export const documents = fc.record({ log: slice, db: slice })

/** A change in which the database hangs when the logger has been prepared. */
export const hangingDb = () =>
  scenario('the database hangs').start(documentOf(1)).fault('db.prepare', faults.hang(), 2).put(documentOf(2))

/** Returns the error with which a simulation rejects. */
export const simulationErrorOf = async (work: PromiseLike<unknown>): Promise<SimulationError> => {
  // In a list: a promise that is thrown is no error, and would be awaited here.
  const [error] = await Promise.resolve(work).then(
    () => [],
    (thrown: unknown) => [thrown],
  )
  if (!(error instanceof SimulationError)) throw new Error('the simulation has not thrown a SimulationError')
  return error
}

/** Builds the scenario that `scenarioCode` has printed. */
export const scenarioFromCode = (code: string): Scenario => {
  const body = code
    .replace(/^import .*$/m, '')
    .replace('await scenario', 'return scenario')
    .replace(/\n {2}\.run\(subject\)[\s\S]*/, '.build()')
  return new Function('scenario', 'faults', body)(scenario, faults) as Scenario
}
