import { expect, it } from 'vitest'
import { scenarioCode } from '../../../../src/testing/simulate/scenario/scenario-code.ts'
import type { Step } from '../../../../src/testing/simulate/scenario/scenario.ts'
import { Steps } from '../../../../src/testing/simulate/scenario/scenario-steps.ts'

const calls: readonly [string, (steps: Steps) => unknown][] = [
  ['.put({"n":1})', (s) => s.put({ n: 1 })],
  ['.clock(-5)', (s) => s.clock(-5)],
  ['.refresh()', (s) => s.refresh()],
  ['.refresh("db")', (s) => s.refresh('db')],
]

it.each(calls)('The step %s is printed as it was written', (expected, add) => {
  const steps: Step[] = []
  add(new Steps(steps))
  const scenario = { version: 1, seed: 1, start: {}, last: {}, faults: [], steps } as const
  expect(scenarioCode(scenario).split('\n')).toContain(`  ${expected}`)
})
