import {
  faults,
  parseScenario,
  replay,
  runScenario,
  scenario,
  scenarioText,
  SimulationError,
  simulate,
  traceLines,
} from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { type Config, documentOf, documents, hangingDb, plain, subjectOf } from './simulate-subject.ts'

const caught = async (work: Promise<unknown>): Promise<SimulationError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(SimulationError)
  return error as SimulationError
}

describe('A scenario', () => {
  it('keeps what served where a module hangs, whatever the source does meanwhile', async () => {
    const run = hangingDb()
      .during('db.prepare', (s) => s.compact(), 2)
      .run(subjectOf())
    const { outcomes } = await run.expectServing(documentOf(1))
    expect(outcomes['rolled-back']).toBe(1)
  })

  it('says what served instead where something else was expected', async () => {
    const error = await caught(hangingDb().run(subjectOf()).expectServing(documentOf(2)))
    expect(error.message).toContain('another document serves')
    expect(error.message).toContain('db.prepare ✗ hang')
  })

  it('says the outcomes in their order', async () => {
    await hangingDb().run(subjectOf()).expectOutcomes('committed', 'rolled-back')
    await caught(hangingDb().run(subjectOf()).expectOutcomes('committed', 'committed'))
  })

  it.each(['prepare', 'commit', 'check', 'rollback'] as const)(
    'plays a crash in %s and the start after it',
    async (phase) => {
      const { trace } = await scenario('a crash')
        .start(documentOf(1))
        .soak(300)
        .persistsLastKnownGood()
        .fault('db.check', faults.throw(), 5)
        .fault(`db.${phase}`, faults.crash(), phase === 'rollback' ? 1 : 2)
        .put(documentOf(2))
        .advance(5_000)
        .last(documentOf(3))
        .run(subjectOf())
        .expectHeld()
      const starts = trace.filter(({ what }) => what.kind === 'process' && what.event === 'started')
      expect(starts.length).toBeGreaterThan(1)
    },
  )

  it('is played again from its JSON, step by step the same', async () => {
    const written = hangingDb().build()
    const again = parseScenario(scenarioText(written))
    expect(again).toEqual(written)
    const [one, two] = [await runScenario(written, subjectOf()), await replay(again, subjectOf())]
    expect(traceLines(two)).toBe(traceLines(one))
    expect(one.trace.length).toBeGreaterThan(20)
  })

  it.each(['', '[]', '{"version":2}', '{"version":1,"steps":[{"do":"fly"}],"faults":[]}'])(
    'that is none is refused: %s',
    (text) => {
      expect(() => parseScenario(text)).toThrow(expect.objectContaining({ code: 'simulate.bad-scenario' }))
    },
  )

  it('that is awaited alone does not pass where something broke', async () => {
    const invariants = { never: () => Promise.reject(new Error('never')) as unknown as undefined }
    await caught(
      (async () => {
        await hangingDb().run(subjectOf(plain, { invariants }))
      })(),
    )
    const { violations } = await hangingDb().run(subjectOf())
    expect(violations).toEqual([])
  })
})

describe('simulate', () => {
  it('plays histories with faults at every phase, and says what it has reached', async () => {
    const report = await simulate({ ...subjectOf(), documents, runs: 60, seed: 7 })
    expect(report.runs).toBe(60)
    expect(report.outcomes['rolled-back']).toBeGreaterThan(0)
    expect(Object.keys(report.faults).length).toBeGreaterThan(40)
    expect(report.text).toContain('60 histories')
    expect(report.text).toMatch(/\n {2}db\.prepare +.*hang \d/)
    for (const fault of report.unreached) expect(report.faults[fault]).toBeUndefined()
    expect(report.unreached).not.toContain('source compact')
  })

  it('finds a user’s own broken invariant, and shrinks the history to a few steps', async () => {
    let serves = 0
    const forgetful = () => ({
      prepare: ({ value }: { value: number }) => ({
        instance: { value },
        commit: () => {
          serves = value
          return undefined
        }, // and no rollback
        close: async () => {},
      }),
    })
    const invariants = {
      'the database has the value of the config': ({ config }: { readonly config: Config }) => {
        if (serves !== config.db.value) throw new Error('it has another')
      },
    }
    const { modules, ...rest } = subjectOf(forgetful, { invariants })
    let processes = 0
    const counted: typeof modules = (reloader) => {
      processes += 1
      return modules(reloader)
    }
    const subject = { ...rest, modules: counted }
    const error = await caught(simulate({ ...subject, documents, runs: 400, seed: 3 }))
    expect(error.code).toBe('simulate.broken')
    expect(error.violations[0]?.invariant).toBe('the database has the value of the config')
    expect(error.scenario?.steps.length).toBeLessThanOrEqual(3)
    expect(error.message).toContain('.run(subject)')
    expect(error.seed).toBe(3)
    const { scenario: smallest, path } = error
    if (smallest === undefined || path === undefined) throw new Error('no scenario')
    expect((await caught(replay(smallest, subject))).violations).toEqual(error.violations)
    // Only that one history is played, without a search, and it breaks alike.
    const searched = processes
    processes = 0
    const again = await caught(simulate({ ...subject, documents, runs: 400, seed: 3, path }))
    expect(again.violations).toEqual(error.violations)
    expect(again.scenario).toEqual(smallest)
    expect(processes).toBeLessThan(searched / 2)
  })

  it('fails as worthless where what must sometimes be seen never was', async () => {
    const sometimes = { never: () => false }
    const error = await caught(simulate({ ...subjectOf(plain, { sometimes }), documents, runs: 40, seed: 7 }))
    expect(error).toMatchObject({ code: 'simulate.worthless' })
    expect(error.message).toContain('never seen: never')
  })

  it('fails as worthless where nothing was ever rolled back', async () => {
    const codes = new Set<unknown>()
    // One history has no rollback more often than not.
    for (let seed = 1; seed <= 20 && !codes.has('simulate.worthless'); seed++) {
      const ended = simulate({ ...subjectOf(), documents, runs: 1, seed })
      codes.add(
        await ended.then(
          ({ outcomes }) => outcomes['rolled-back'],
          (error: SimulationError) => error.code,
        ),
      )
    }
    expect([...codes]).toContain('simulate.worthless')
    expect(codes).not.toContain('simulate.broken')
  })
})
