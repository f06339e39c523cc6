import * as fc from 'fast-check'
import { faults, scenario } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { scenariosOf } from '../../../../src/testing/simulate/scenario/arbitrary.ts'
import { playableSteps } from '../../../../src/testing/simulate/scenario/arbitrary-steps.ts'
import type { Scenario } from '../../../../src/testing/simulate/scenario/scenario.ts'
import { shrink } from '../../../../src/testing/simulate/scenario/shrink.ts'
import { modulesOf } from '../../../../src/testing/simulate/scenario/subject.ts'
import { documents, subject } from '../subject.ts'

const scenarios = fc.sample(scenariosOf(fc, documents, modulesOf(subject), true), { seed: 3, numRuns: 400 })

/** True if nothing of it is lost in JSON. */
const isJson = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.values(value).every(isJson)
    : value !== undefined && (typeof value !== 'number' || Number.isFinite(value))

describe('A generated history', () => {
  it('writes an earlier document again: the last one, the one before it, or the first', () => {
    const again = (back: number) => ({ do: 'put-again', back }) as const
    const put = (document: unknown) => ({ do: 'put', document }) as const
    expect(playableSteps('start', [again(0), again(1)])).toEqual([put('start'), put('start')])
    const written = playableSteps('start', [put('a'), again(1), put('b'), again(0), again(1), again(9)])
    expect(written).toEqual([put('a'), put('start'), put('b'), put('b'), put('b'), put('start')])
  })

  it('takes the steps that rarely come together by chance apart, in their order', () => {
    const outage = { do: 'outage', module: 'db', phase: 'prepare' } as const
    const again = { do: 'put-again', back: 1 } as const
    const failing = { do: 'failing-put', outage } as const
    const played = playableSteps(0, [
      { ...failing, document: 1 },
      { ...failing, document: 2, clockMs: -5 },
      { ...failing, document: 3, isClosed: true },
      { do: 'deployment', document: 4, ms: 30 },
      { do: 'put-in-reload', document: 5 },
      { do: 'frozen-end', end: 'crash', document: 6 },
      again,
    ])
    const put = (document: unknown) => ({ do: 'put', document })
    expect(played).toEqual([
      ...[outage, put(1)],
      ...[outage, put(2), { do: 'clock', ms: -5 }, { do: 'crash' }],
      ...[outage, put(3), { do: 'restart' }],
      ...[put(4), { do: 'overlap', ms: 30 }],
      ...[{ do: 'reload' }, put(5)],
      ...[{ do: 'freeze' }, put(6), { do: 'crash' }],
      put(5),
    ])
  })

  it('says how long something lasts only where that has a meaning', () => {
    const all = scenarios.flatMap(({ faults: planned }) => planned)
    for (const fault of all) if ('ms' in fault) expect([fault.kind, fault.ms]).toEqual(['outage', expect.any(Number)])
    const outages = all.filter(({ kind }) => kind === 'outage')
    expect(outages.some(({ ms }) => ms !== undefined) && outages.some(({ ms }) => ms === undefined)).toBe(true)
  })

  it('is plain data: written as JSON and read again, it is the same', () => {
    expect(scenarios.filter((one) => !isJson(one))).toEqual([])
  })
})

describe('A history that is made smaller', () => {
  /** Lists what is tried if nothing smaller breaks. */
  const triedFor = async (whole: Scenario): Promise<readonly Scenario[]> => {
    const tried: Scenario[] = []
    await shrink(whole, async (candidate) => tried.push(candidate) < 0)
    return tried
  }

  it('replaces steps by the time that they take: their own, and the pauses between them', async () => {
    const steps = [
      { do: 'source', fault: 'reset' },
      { do: 'advance', ms: 30 },
      { do: 'source', fault: 'hang', ms: 200 },
      { do: 'reload' },
    ] as const
    const base = { version: 1, seed: 1, start: 0, last: 0, faults: [], steps } as const
    const waits = (tried: readonly Scenario[]) =>
      tried.flatMap((one) => one.steps.flatMap((step) => (step.do === 'advance' && step.ms > 30 ? [step.ms] : [])))
    expect(waits(await triedFor({ ...base, pauseMs: 1_000 }))).toEqual(expect.arrayContaining([2_230, 1_230, 1_030]))
    expect(waits(await triedFor(base))).toEqual(expect.arrayContaining([232, 231, 31]))
  })

  it('stays plain data in every step', async () => {
    for (const one of scenarios.slice(0, 60)) {
      expect((await triedFor(one)).filter((tried) => !isJson(tried))).toEqual([])
    }
  })
})

it('A written outage lasts as long as it says, or as long as outages do', () => {
  const build = (...ms: readonly number[]) =>
    scenario('')
      .start(0)
      .fault('db.prepare', faults.outage(...ms))
      .build()
  expect(build(400).faults).toStrictEqual([{ module: 'db', phase: 'prepare', call: 1, kind: 'outage', ms: 400 }])
  expect(build().faults).toStrictEqual([{ module: 'db', phase: 'prepare', call: 1, kind: 'outage' }])
  const [fault] = scenario('').start(0).fault('db.close', faults.hang(), 3).build().faults
  expect(fault).toStrictEqual({ module: 'db', phase: 'close', call: 3, kind: 'hang' })
})
