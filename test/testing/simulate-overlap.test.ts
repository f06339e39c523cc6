import { faults, parseScenario, scenario, scenarioCode, scenarioText, traceLines } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { documentOf, scenarioFromCode, simulationErrorOf, subjectOf } from './simulate-fixtures.ts'

/** The newest process that has written a record of this outcome. */
const processesOf = (trace: Awaited<ReturnType<typeof play>>['trace'], outcome: string): readonly number[] =>
  trace.flatMap(({ process, what }) =>
    what.kind === 'record' && what.record.outcome === outcome && what.record.trigger !== 'restore' ? [process] : [],
  )

const play = () => deployment('files').run(subjectOf()).expectHeld()

/** A new process starts in the soak of the one before it. */
const deployment = (store?: 'files') =>
  scenario('a rolling deployment')
    .start(documentOf(1))
    .soak(2_500)
    .persistsLastKnownGood(store)
    .advance(5_000)
    .put(documentOf(2))
    .overlap(3_000)

describe('Two processes side by side', () => {
  it.each([undefined, 'files'] as const)(
    'keep every guarantee, in a store of the user and in files (%s)',
    async (store) => {
      const { trace, outcomes, faultsReached } = await deployment(store)
        .advance(1_000)
        .put(documentOf(3))
        .advance(10_000)
        .run(subjectOf())
        .expectServing(documentOf(3))
      expect(faultsReached['process overlap']).toBe(1)
      expect(outcomes['rolled-back']).toBeUndefined()
      const events = trace.flatMap(({ process, what }) => (what.kind === 'process' ? [`${process} ${what.event}`] : []))
      expect(events).toEqual(['1 started', '2 started', '1 closed', '2 closed'])
    },
  )

  it('both follow the source until the older one is closed', async () => {
    const { trace } = await deployment('files').put(documentOf(3)).advance(20_000).run(subjectOf()).expectHeld()
    expect(new Set(processesOf(trace, 'committed'))).toEqual(new Set([1, 2]))
  })

  it('crash one by one: the death of one is not that of the other', async () => {
    const { trace } = await deployment('files')
      .fault('db.check', faults.crash(), 4)
      .put(documentOf(3))
      .advance(10_000)
      .run(subjectOf())
      .expectHeld()
    const crashed = trace.filter(({ what }) => what.kind === 'process' && what.event === 'crashed')
    expect(crashed).toHaveLength(1)
  })

  it('may be many: each deployment follows before the one before it has ended', async () => {
    const { trace } = await deployment('files')
      .overlap(3_000)
      .put(documentOf(3))
      .overlap(3_000)
      .advance(20_000)
      .run(subjectOf())
      .expectServing(documentOf(3))
    expect(trace.filter(({ what }) => what.kind === 'process' && what.event === 'closed')).toHaveLength(4)
  })

  it('are closed when everything is healed, if the scenario ends before', async () => {
    const { trace } = await deployment().run(subjectOf()).expectHeld()
    expect(traceLines({ trace })).toMatch(/p1 {2}\* process closed/)
  })
})

describe('A scenario with a source of its own habits', () => {
  const change = () => scenario('habits').start(documentOf(1)).put(documentOf(2))

  it('names revisions by content: a document that comes again has its old name', async () => {
    const { trace } = await change().namesByContent().put(documentOf(1)).run(subjectOf()).expectServing(documentOf(1))
    const names = trace.flatMap(({ what }) => (what.kind === 'record' ? [what.record.revision?.name] : []))
    expect(names[2]).toBe(names[0])
  })

  it('starts no transaction for the same document at a later order', async () => {
    const { trace } = await change().source('later-order').advance(1_000).run(subjectOf()).expectServing(documentOf(2))
    const steps = trace.findIndex(({ what }) => what.kind === 'step' && what.text === 'every fault ends')
    expect(trace.slice(0, steps).filter(({ what }) => what.kind === 'record')).toHaveLength(2)
  })

  it('takes no document that was put back for the newest one', async () => {
    await change().put(documentOf(3)).source('put-back').namesByContent().run(subjectOf()).expectServing(documentOf(3))
  })

  it('loses no change that is announced during a read', async () => {
    const { trace } = await change()
      .announcesOnly()
      .readsTake(40)
      .advance(10)
      .put(documentOf(3))
      .advance(500)
      .run(subjectOf())
      .expectServing(documentOf(3))
    expect(trace.length).toBeGreaterThan(10)
  })

  it('has an outage from a step on, in which a change fails and is tried again', async () => {
    const { faultsReached, trace } = await scenario('an outage')
      .start(documentOf(1))
      .advance(100)
      .outage('db.prepare', 800)
      .put(documentOf(2))
      .advance(10_000)
      .run(subjectOf())
      .expectServing(documentOf(2))
    expect(faultsReached['db.prepare outage']).toBe(1)
    expect(traceLines({ trace })).toContain('module.prepare-failed (db)')
    const causes = trace.flatMap(({ what }) =>
      what.kind === 'record' && 'failures' in what.record ? what.record.failures.map(({ cause }) => cause) : [],
    )
    expect(JSON.stringify(causes)).toContain('ECONNREFUSED')
  })

  it.each(['db.commit', 'schema.validate'] as const)('has no outages in %s', (place) => {
    expect(() => scenario('none').outage(place as never)).toThrow(
      expect.objectContaining({ code: 'simulate.bad-scenario' }),
    )
  })

  it('is the same as JSON and as code', async () => {
    const written = change()
      .persistsLastKnownGood('files')
      .namesByContent()
      .announcesOnly()
      .readsTake(5)
      .outage('db.check')
      .outage('disk.save', 400)
      .overlap(30)
      .source('later-order')
      .build()
    expect(parseScenario(scenarioText(written))).toEqual(written)
    expect(scenarioFromCode(scenarioCode(written))).toEqual(written)
  })
})

describe('A correct module', () => {
  it('is not accused of a freeze that is refused because the reloader closes', async () => {
    await scenario('a freeze in the turn of a close')
      .start(documentOf(1))
      .persistsLastKnownGood()
      .during('db.close', (s) => s.freeze())
      .during('log.close', (s) => s.freeze())
      .restart()
      .put(documentOf(2))
      .restart()
      .put(documentOf(3))
      .run(subjectOf())
      .expectServing(documentOf(3))
  })
})

describe('A module', () => {
  it('that keeps the timer of a generation after its close is found while another generation serves', async () => {
    let made = 0
    const subject = subjectOf(() => ({
      prepare: (slice, { clock }) => {
        made += 1
        const generation = made
        let timer: unknown
        const tick = (): void => {
          timer = clock.setTimeout(tick, 1_000)
        }
        tick()
        // Only the last generation stops its timer.
        return { instance: slice, close: async () => void (generation === 1 || clock.clearTimeout(timer as never)) }
      },
    }))
    const run = scenario('a timer').start(documentOf(1)).put(documentOf(2)).run(subject)
    const error = await simulationErrorOf(run)
    expect(error.violations[0]).toMatchObject({
      invariant: 'timers',
      message: 'db #2 has 1 timers long after its close',
    })
  })
})
