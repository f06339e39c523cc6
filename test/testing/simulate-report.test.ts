import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faults, parseScenario, replay, type Subject, scenario, scenarioCode } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type Config,
  documentOf,
  hangingDb,
  simulationErrorOf,
  subjectOf,
  subjectWithoutRollback,
} from './simulate-fixtures.ts'

/** A scenario in which a compensating module fails, and the database does not come back; with much that does not matter. */
const longStory = () =>
  scenario('a long story')
    .start(documentOf(1))
    .pause(700)
    .fault('log.prepare', faults.reject(), 3)
    .fault('flags.apply', faults.reject(), 2)
    .put(documentOf(2))
    .reload()
    .put(documentOf(3))
    .advance(5_000)

const parts = (message: string): readonly string[] => message.split(/^As it was (?:written|found|shrunk):$/m)

describe('A scenario that breaks an invariant', () => {
  it('is printed as it was written, then as it was shrunk', async () => {
    const error = await simulationErrorOf(longStory().run(subjectWithoutRollback()))
    const { scenario: smallest, original, message } = error
    expect(original).toEqual(longStory().build())
    expect(smallest?.steps.length).toBeLessThan(original?.steps.length ?? 0)
    expect(smallest?.faults.length).toBe(1)
    const [head = '', written = '', shrunk = ''] = parts(message)
    expect(head).toContain('a long story: the database has the value of the config')
    if (original === undefined || smallest === undefined) throw new Error('no scenario')
    expect(written.trim()).toBe(scenarioCode(original))
    expect(shrunk).toContain(scenarioCode(smallest))
    expect(JSON.parse(message.split('\n').at(-1) ?? '')).toEqual(smallest)
    const again = await simulationErrorOf(replay(smallest, subjectWithoutRollback()))
    expect(again.violations[0]?.invariant).toBe(error.violations[0]?.invariant)
  })

  it('is printed once if nothing in it can be left out', async () => {
    const { scenario: smallest } = await simulationErrorOf(longStory().run(subjectWithoutRollback()))
    if (smallest === undefined) throw new Error('no scenario')
    const { message, original, scenario: same } = await simulationErrorOf(replay(smallest, subjectWithoutRollback()))
    expect(same).toEqual(original)
    expect(message).toContain(`As it was written; nothing in it can be left out:\n\n${scenarioCode(smallest)}`)
    expect(message.split(scenarioCode(smallest))).toHaveLength(2)
  })

  it('is kept in its file as it was written', async () => {
    const keepIn = await mkdtemp(join(tmpdir(), 'simulate-report-'))
    try {
      const { json = '' } = await simulationErrorOf(longStory().run({ ...subjectWithoutRollback(), keepIn }))
      expect(parseScenario(await readFile(json, 'utf8'))).toEqual(longStory().build())
    } finally {
      await rm(keepIn, { recursive: true })
    }
  })
})

describe('A broken expectation', () => {
  it('shrinks a scenario to what keeps its documents and its result', async () => {
    const written = hangingDb().pause(300).fault('log.prepare', faults.reject(), 9).confirm().advance(10)
    const error = await simulationErrorOf(written.run(subjectOf()).expectServing(documentOf(2)))
    expect(error.original).toEqual(written.build())
    expect(error.scenario?.steps).toEqual([{ do: 'put', document: documentOf(2) }])
    expect(error.scenario?.faults).toEqual(hangingDb().build().faults)
    expect(error.scenario?.pauseMs).toBeUndefined()
    expect(error.message).toContain('db.prepare ✗ hang')
  })

  it('of outcomes shrinks it to one with the same outcomes', async () => {
    const written = hangingDb().pause(300).advance(2_000)
    const error = await simulationErrorOf(written.run(subjectOf()).expectOutcomes('committed', 'committed'))
    expect(error.message).toContain('the outcomes were committed, rolled-back')
    expect(error.scenario?.steps).toEqual([{ do: 'put', document: documentOf(2) }])
  })

  const Secret = z.strictObject({
    db: z.strictObject({ host: z.string(), password: z.string(), tags: z.array(z.string()).optional() }),
    limit: z.number(),
  })
  type Secret = z.infer<typeof Secret>
  const secretSubject = (
    paths: NonNullable<NonNullable<Subject<Secret>['options']>['public']> = [],
  ): Subject<Secret> => ({
    schema: Secret,
    modules: (reloader) => reloader.use('db', (c) => c.db, { prepare: ({ host }) => ({ instance: host }) }),
    options: { public: paths },
  })
  const start: Secret = { db: { host: 'one', password: 'hunter2' }, limit: 1 }
  const play = (subject: Subject<Secret>, expected: unknown) =>
    simulationErrorOf(scenario('a secret').start(start).run(subject).expectServing(expected))
  /** What the error says before it prints the scenario, whose documents are those of the test. */
  const diffIn = (message: string): string =>
    message.slice(message.indexOf('expected → served'), message.indexOf('As it'))

  it('shows how the documents differ, with the values of public paths only', async () => {
    const expected: Secret = { db: { host: 'two', password: 'hunter3', tags: ['a'] }, limit: 2 }
    const { message } = await play(secretSubject(['limit', 'db.host']), expected)
    expect(diffIn(message).trim().split('\n')).toEqual([
      'expected → served:',
      '  db.host: differs, "two" → "one"',
      '  db.password: differs (the values are not public)',
      '  db.tags: is missing (the values are not public)',
      '  limit: differs, 2 → 1',
    ])
  })

  it('shows a public value that one of the documents does not have as nothing', async () => {
    const expected: Secret = { db: { host: 'one', password: 'hunter2', tags: ['a'] }, limit: 1 }
    const { message } = await play(secretSubject(['db.tags']), expected)
    expect(diffIn(message)).toContain('  db.tags: is missing, ["a"] → nothing')
  })

  it('shows no value if nothing is public', async () => {
    const { message } = await play(secretSubject(), { db: { host: 'two', password: 'hunter3' }, limit: 2 })
    for (const value of ['one', 'two', 'hunter']) expect(diffIn(message)).not.toContain(value)
    expect(diffIn(message)).toContain('limit: differs')
  })

  it('says if the schema rejects the expected document, or if nothing serves', async () => {
    expect((await play(secretSubject(), { db: 1 })).message).toContain('the schema rejects the expected document')
    const never = scenario('never').start({ log: 1 } as unknown as Config)
    const { message } = await simulationErrorOf(never.last(documentOf(1)).run(subjectOf()).expectServing(documentOf(1)))
    expect(message).toContain('no config serves')
  })
})
