import { expect, it } from 'vitest'
import { SimulationError } from '../../../../src/testing/simulate/scenario/simulation-error.ts'

it('An error of the simulator is printed without the scenario and the run, which its message has as text', () => {
  const error = new SimulationError('simulate.broken', 'a rule broke', {})
  const printed = Object.keys(error)
  for (const name of ['result', 'scenario', 'original']) {
    expect(printed).not.toContain(name)
    expect(error).toHaveProperty(name)
  }
  expect(printed).toContain('code')
})
