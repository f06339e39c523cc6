import {
  type FaultKind,
  faults,
  memorySource,
  type Place,
  scenario,
  type SourceFault,
  type Subject,
  traceLines,
} from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  faultKinds,
  faultKindsOf,
  environmentCalls,
  sourceFaults,
} from '../../src/testing/simulate/scenario/scenario.ts'
import { applySourceFault } from '../../src/testing/simulate/play/source/source-faults.ts'
import { documentOf, subjectOf } from './simulate-fixtures.ts'

const change = () => scenario('a change').start(documentOf(1)).soak(300).pause(3_000)

type Scene = ReturnType<typeof change>

/** How a scenario reaches each phase: in which call, and after what. */
const ways: Readonly<Record<string, { readonly place: Place; readonly call: number; readonly scene: () => Scene }>> = {
  prepare: { place: 'db.prepare', call: 2, scene: change },
  commit: { place: 'db.commit', call: 2, scene: change },
  rollback: { place: 'db.rollback', call: 1, scene: () => change().fault('flags.apply', faults.reject(), 2) },
  check: { place: 'db.check', call: 5, scene: change },
  close: { place: 'db.close', call: 1, scene: change },
  apply: { place: 'flags.apply', call: 2, scene: change },
  undo: { place: 'flags.undo', call: 1, scene: () => change().fault('db.check', faults.throw(), 5) },
}

const cases = Object.entries(ways).flatMap(([phase, way]) =>
  faultKindsOf(phase as 'prepare').map((kind) => [phase, kind, way] as const),
)

const crashes = ({ trace }: { readonly trace: readonly { readonly what: { readonly kind: string } }[] }) =>
  trace.flatMap(({ what }) => ('event' in what && what.event === 'crashed' && 'code' in what ? [what.code] : []))

describe('A planned fault', () => {
  it.each(cases)('in %s really happens, and every guarantee holds (%s)', async (_, kind, way) => {
    const { place, call, scene } = way
    for (const persists of [false, true]) {
      const planned = persists ? scene().persistsLastKnownGood() : scene()
      const result = await planned.fault(place, { kind }, call).put(documentOf(2)).last(documentOf(3)).run(subjectOf())
      expect(result.faultsReached[`${place} ${kind}`]).toBe(1)
      expect(traceLines(result)).toContain(`${place} ✗ ${kind}`)
      expect(crashes(result)).toHaveLength(kind === 'crash' ? 1 : 0)
    }
  })

  it('has the outcome that belongs to its kind', async () => {
    const outcomeOf = async (kind: FaultKind): Promise<string | undefined> => {
      const run = change().fault('db.prepare', { kind }, 2).put(documentOf(2)).run(subjectOf())
      const records = (await run).trace.flatMap(({ what }) => (what.kind === 'record' ? [what.record] : []))
      const [, second] = records
      if (second === undefined) return undefined
      return `${second.outcome} ${'failures' in second ? second.failures[0].code : ''}`.trim()
    }
    const outcomes = Object.fromEntries(
      await Promise.all(faultKinds.map(async (kind) => [kind, await outcomeOf(kind)])),
    )
    expect(outcomes).toEqual({
      throw: 'rolled-back module.prepare-failed',
      reject: 'rolled-back module.prepare-failed',
      'non-error': 'rolled-back module.prepare-failed',
      hang: 'rolled-back module.prepare-timeout',
      late: 'rolled-back module.prepare-timeout',
      'after-abort': 'rolled-back module.prepare-timeout',
      'ignore-signal': 'committed',
      twice: 'committed',
      crash: 'committed', // by the next process
      permanent: 'rolled-back module.prepare-failed',
      outage: 'rolled-back module.prepare-failed',
    })
  })

  it('is refused if its kind is impossible in that call', () => {
    const refused = expect.objectContaining({ code: 'simulate.bad-scenario' })
    expect(() => change().fault('db.commit', faults.hang())).toThrow(refused)
    expect(() => change().fault('disk.save', faults.reject())).toThrow(refused)
    expect(() => change().fault('db.boil' as Place, faults.reject())).toThrow(refused)
  })
})

describe('A source', () => {
  it.each(sourceFaults.flatMap((fault) => [[fault, undefined] as const, [fault, 2_500] as const]))(
    'in trouble (%s, for %s ms) neither breaks a guarantee nor loses a later change',
    async (fault: SourceFault, ms) => {
      const { faultsReached } = await change()
        .source(fault, ms)
        .put(documentOf(2))
        .during('db.prepare', (s) => s.source(fault), 2)
        .reload()
        .last(documentOf(3))
        .run(subjectOf())
      expect(faultsReached[`source ${fault}`]).toBeGreaterThanOrEqual(1)
    },
  )

  it('that answers a read with an older document does not make the service go back', async () => {
    const source = memorySource({ v: 1 })
    source.put({ v: 2 })
    applySourceFault('stale-read', {
      source,
      written: [],
      put: () => source.read(new AbortController().signal) as never,
    })
    expect(await source.read(new AbortController().signal)).toMatchObject({ content: '{"v":1}' })
    const run = change().put(documentOf(2)).source('stale-read').reload().run(subjectOf())
    const { trace } = await run.expectServing(documentOf(2))
    const committed = trace.flatMap(({ what }) => (what.kind === 'record' ? [what.record.outcome] : []))
    expect(committed.filter((outcome) => outcome === 'committed')).toHaveLength(3) // the last one when everything is healed
  })

  it('turns a storm of 10,000 revisions into few transactions, and the last document serves', async () => {
    const run = change().storm(10_000, documentOf(2)).run(subjectOf())
    const { trace } = await run.expectServing(documentOf(2))
    expect(trace.filter(({ what }) => what.kind === 'record').length).toBeLessThan(30)
  })

  it('never shows one of two keys that were written at once without the other', async () => {
    const { trace } = await change().putBoth(documentOf(7), documentOf(2)).run(subjectOf()).expectServing(documentOf(2))
    expect(
      trace.filter(({ what }) => what.kind === 'call' && what.module === 'db' && what.phase === 'prepare'),
    ).toHaveLength(3)
  })
})

describe('A process', () => {
  const scene = () => change().persistsLastKnownGood()
  const crashScenes: readonly (readonly [string, () => Scene])[] = [
    ['idle', () => scene().fault('disk.load', faults.crash())],
    ['fetching', () => scene().fault('source.read', faults.crash(), 3).reload()],
    ['validating', () => scene().fault('schema.validate', faults.crash(), 2)],
    ['journaling', () => scene().fault('disk.save', faults.crash(), 4)],
    ['journaling', () => scene().during('disk.save', (s) => s.crash(), 4)],
    ['preparing', () => scene().fault('db.prepare', faults.crash(), 2)],
    ['committing', () => scene().fault('db.commit', faults.crash(), 2)],
    ['completing', () => scene().fault('flags.apply', faults.crash(), 2)],
    ['soaking', () => scene().fault('db.check', faults.crash(), 6)],
    ['confirming', () => scene().confirmWithin(60_000).put(documentOf(2)).crash()],
    ['promoting', () => scene().fault('disk.save', faults.crash(), 5)],
    ['promoting', () => scene().during('disk.save', (s) => s.crash(), 5)],
    ['rolling-back', () => scene().fault('db.check', faults.throw(), 5).fault('db.rollback', faults.crash())],
    ['rolling-back', () => scene().fault('db.check', faults.throw(), 5).fault('flags.undo', faults.crash())],
    ['committed', () => scene().crash()],
  ]

  it.each(crashScenes)('may crash in %s, and the next process recovers', async (state, crashing) => {
    const result = await crashing().put(documentOf(2)).last(documentOf(3)).run(subjectOf())
    expect(crashes(result)).toEqual([`in ${state}`])
    expect(result.faultsReached[`process crash in ${state}`]).toBe(1)
  })

  it.each(environmentCalls)('may crash before or after the answer of %s, at each of its first calls', async (call) => {
    for (const nth of [1, 2, 3, 4]) {
      const before = scene().fault(call, faults.crash(), nth)
      const after = scene().during(call, (s) => s.crash(), nth)
      for (const crashing of [before, after]) {
        const result = await crashing.reload().put(documentOf(2)).last(documentOf(3)).run(subjectOf())
        expect(crashes(result).length).toBeLessThanOrEqual(1)
        if (nth === 1) expect(crashes(result)).toHaveLength(1)
      }
    }
  })
})

it('A transaction that a freeze ends before its work has begun has a record of its own', async () => {
  const subject: Subject<{ readonly v: number }> = {
    schema: z.object({ v: z.number() }),
    modules: (reloader) => reloader.use('db', ({ v }) => v, { prepare: (instance) => ({ instance }) }),
  }
  const { trace } = await scenario('a freeze in a close', { seed: 0 })
    .start({ v: 1 })
    .soak(2_500)
    .during('db.close', (s) => s.freeze())
    .during('db.prepare', (s) => s.put({ v: 2 }))
    .source('disconnect', 2_500)
    .reload()
    .last({ v: 3 })
    .run(subject)
    .expectHeld()
  const records = trace.flatMap(({ what }) => (what.kind === 'record' ? [what.record] : []))
  expect(records.slice(0, 3).map(({ epoch, outcome }) => `${epoch} ${outcome}`)).toEqual([
    '1 committed',
    '2 committed',
    '3 aborted',
  ])
})
