import type { Applier, NoModules, Reloader } from 'changeover'
import {
  faults,
  parseScenario,
  replay,
  runScenario,
  type SimulationError,
  scenario,
  scenarioText,
  type Subject,
  simulate,
  traceLines,
} from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type Config,
  documentOf,
  documents,
  hangingDb,
  plainApplier,
  type Slice,
  simulationErrorOf,
  subjectOf,
  subjectWithoutRollback,
} from './simulate-fixtures.ts'

describe('A scenario', () => {
  it('keeps the old config when a module hangs, whatever the source does meanwhile', async () => {
    const run = hangingDb()
      .during('db.prepare', (s) => s.compact(), 2)
      .run(subjectOf())
    const { outcomes } = await run.expectServing(documentOf(1))
    expect(outcomes['rolled-back']).toBe(1)
  })

  it('rejects with its trace when another document serves than expected', async () => {
    const error = await simulationErrorOf(hangingDb().run(subjectOf()).expectServing(documentOf(2)))
    expect(error.message).toContain('the document that serves is not the expected one')
    expect(error.message).toContain('db.prepare ✗ hang')
  })

  it('expects the outcomes in their order', async () => {
    await hangingDb().run(subjectOf()).expectOutcomes('committed', 'rolled-back')
    await simulationErrorOf(hangingDb().run(subjectOf()).expectOutcomes('committed', 'committed'))
  })

  it.each(['prepare', 'commit', 'check', 'rollback'] as const)(
    'plays a crash in %s and the restart after it',
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

  it('has the same trace when it is played again from its JSON', async () => {
    const written = hangingDb().build()
    const again = parseScenario(scenarioText(written))
    expect(again).toEqual(written)
    const [one, two] = [await runScenario(written, subjectOf()), await replay(again, subjectOf())]
    expect(traceLines(two)).toBe(traceLines(one))
    expect(one.trace.length).toBeGreaterThan(20)
  })

  it.each(['', '[]', '{"version":2}', '{"version":1,"steps":[{"do":"fly"}],"faults":[]}'])(
    'is refused when its text is invalid: %s',
    (text) => {
      expect(() => parseScenario(text)).toThrow(expect.objectContaining({ code: 'simulate.bad-scenario' }))
    },
  )

  it('rejects on a violation when only the run is awaited', async () => {
    const invariants = { never: () => Promise.reject(new Error('never')) as unknown as undefined }
    await simulationErrorOf(
      (async () => {
        await hangingDb().run(subjectOf(plainApplier, { invariants }))
      })(),
    )
    const { violations } = await hangingDb().run(subjectOf())
    expect(violations).toEqual([])
  })
})

describe('simulate', () => {
  it('accuses no module that is prepared again because what it needs was, although that has come out the same', async () => {
    const schema = z.object({ a: z.number(), b: z.number() })
    const subject: Subject<z.infer<typeof schema>> = {
      schema,
      modules: (reloader) =>
        reloader
          .use('a', (c) => c.a, { prepare: () => ({ instance: 'the same' }) })
          .use('b', (c) => c.b, { prepare: (v) => ({ instance: v }) }, { needs: { a: 'a' } }),
    }
    await scenario('b needs a').start({ a: 1, b: 1 }).put({ a: 2, b: 1 }).run(subject).expectServing({ a: 2, b: 1 })
  })

  it('accuses no module that is prepared again because an optional module that it needs is switched off', async () => {
    const Optional = z.strictObject({ a: z.number().optional(), b: z.number() })
    const subject: Subject<z.infer<typeof Optional>> = {
      schema: Optional,
      modules: (reloader) =>
        reloader
          .use('a', (c) => c.a, { prepare: (v: number) => ({ instance: { v } }) })
          .use(
            'b',
            (c) => c.b,
            {
              prepare: (v: number, { needs }: { needs: { a: { v: number } | undefined } }) => ({
                instance: [v, needs.a?.v],
              }),
            },
            { needs: { a: 'a' } },
          ),
    }
    await scenario('b needs the optional a').start({ b: 1 }).put({ a: 1, b: 1 }).put({ b: 1 }).run(subject).expectHeld()
  })

  it('finds a module that keeps a timer after its close', async () => {
    const db = (): Applier<Slice, Slice> => ({
      prepare: (slice, { clock }) => {
        const tick = (): void => void clock.setTimeout(tick, 1_000)
        tick()
        return { instance: slice, close: async () => {} }
      },
    })
    const error = await simulationErrorOf(scenario('a timer').start(documentOf(1)).run(subjectOf(db)))
    expect(error.violations[0]).toMatchObject({ invariant: 'timers', message: 'db has 1 timers long after close()' })
  })

  it('is worthless without modules, and if a module is never switched on', async () => {
    const none = simulate({ ...subjectOf(), modules: (reloader) => reloader, documents, runs: 5 })
    expect(await simulationErrorOf(none)).toMatchObject({ code: 'simulate.worthless' })
    const off = simulate({
      ...subjectOf(),
      modules: (reloader: Reloader<Config, NoModules>) => {
        subjectOf().modules(reloader)
        return reloader.use('off', () => undefined, plainApplier())
      },
      documents,
      runs: 60,
      seed: 7,
    })
    const { code, message } = await simulationErrorOf(off)
    expect(code).toBe('simulate.worthless')
    expect(message).toContain('no run ever called off')
    const onlyOff = simulate({
      ...subjectOf(),
      modules: (reloader: Reloader<Config, NoModules>) => reloader.use('off', () => undefined, plainApplier()),
      documents,
      runs: 20,
      seed: 7,
    })
    expect(await simulationErrorOf(onlyOff)).toMatchObject({ code: 'simulate.worthless' })
  })

  it('plays histories with faults in every phase, and reports what they reached', async () => {
    const report = await simulate({ ...subjectOf(), documents, runs: 80, seed: 7 })
    expect(report.runs).toBe(80)
    expect(report.outcomes['rolled-back']).toBeGreaterThan(0)
    expect(Object.keys(report.faults).length).toBeGreaterThan(40)
    expect(report.text).toContain('80 histories')
    expect(report.text).toMatch(/\n {2}db\.prepare +.*(hang|late|reject) \d/)
    for (const fault of report.unreached) expect(report.faults[fault]).toBeUndefined()
    expect(report.unreached).not.toContain('source compact')
  })

  it('finds a history that breaks an invariant of the user, and shrinks it to a few steps', async () => {
    const { modules, ...rest } = subjectWithoutRollback()
    let processes = 0
    const counted: typeof modules = (reloader) => {
      processes += 1
      return modules(reloader)
    }
    const subject = { ...rest, modules: counted }
    const error = await simulationErrorOf(simulate({ ...subject, documents, runs: 400, seed: 3 }))
    expect(error.code).toBe('simulate.broken')
    expect(error.violations[0]?.invariant).toBe('the database has the value of the config')
    expect(error.scenario?.steps.length).toBeLessThanOrEqual(3)
    expect(error.message).toContain('.run(subject)')
    expect(error.seed).toBe(3)
    const { scenario: smallest, path } = error
    if (smallest === undefined || path === undefined) throw new Error('no scenario')
    expect((await simulationErrorOf(replay(smallest, subject))).violations).toEqual(error.violations)
    // With the path, only that one history is played, without a search, and it breaks the same invariant.
    const searched = processes
    processes = 0
    const again = await simulationErrorOf(simulate({ ...subject, documents, runs: 400, seed: 3, path }))
    expect(again.violations).toEqual(error.violations)
    expect(again.scenario).toEqual(smallest)
    expect(processes).toBeLessThan(searched / 2)
  })

  it('fails as worthless when a `sometimes` condition was never met', async () => {
    const sometimes = { never: () => false }
    const subject = subjectOf(plainApplier, { sometimes })
    const error = await simulationErrorOf(simulate({ ...subject, documents, runs: 40, seed: 7 }))
    expect(error).toMatchObject({ code: 'simulate.worthless' })
    expect(error.message).toContain('never seen: never')
  })

  it('fails as worthless when nothing was ever rolled back', async () => {
    const codes = new Set<unknown>()
    // Most single histories have no rollback.
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
