import { expect, test } from 'vitest'
import { shrink } from '../../src/testing/simulate/scenario/shrink.ts'
import type { Scenario, Step } from '../../src/testing/simulate/scenario/scenario.ts'

const put = (document: number): Step => ({ do: 'put', document })

const scenario = (steps: readonly Step[]): Scenario => ({
  version: 1,
  seed: 0,
  start: 0,
  last: 0,
  faults: [],
  pauseMs: 700,
  steps,
})

const isPut = (step: Step | undefined, document: number): boolean => step?.do === 'put' && step.document === document

/** Returns how long the scenario takes until its first put of 9, in milliseconds. */
const msBefore = ({ steps, pauseMs = 0 }: Scenario): number =>
  steps
    .slice(
      0,
      steps.findIndex((step) => isPut(step, 9)),
    )
    .reduce((ms, step) => ms + pauseMs + (step.do === 'advance' ? step.ms : 0), 0)

test('shrink replaces steps with one that lets time pass, if only their time matters', async () => {
  const isBroken = async (one: Scenario) => one.steps.some((step) => isPut(step, 9)) && msBefore(one) >= 2_000
  const { steps } = await shrink(scenario([put(1), put(2), put(3), put(9)]), isBroken)
  expect(steps).toEqual([{ do: 'advance', ms: 1_400 }, put(9)])
})

test('shrink keeps only what is needed', async () => {
  const isBroken = async ({ steps }: Scenario) => isPut(steps.at(-2), 1) && isPut(steps.at(-1), 2)
  const small = await shrink(scenario([put(3), put(1), { do: 'freeze' }, put(1), put(2)]), isBroken)
  expect(small.steps).toEqual([put(1), put(2)])
  expect(small.pauseMs).toBeUndefined()
})

test('shrink plays no more scenarios than allowed', async () => {
  let played = 0
  const isBroken = async () => {
    played += 1
    return false
  }
  await shrink(scenario([put(1), put(2), put(3), put(4)]), isBroken, 5)
  expect(played).toBe(5)
})
