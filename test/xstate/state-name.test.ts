import { reloadMachine } from 'changeover/machines'
import { expect, test } from 'vitest'
import { isResting } from '../../src/xstate/state-name.ts'

test('The states in which the reload machine rests are those below resting, and no others', () => {
  const { resting, ...others } = reloadMachine.states
  const inner = Object.values(resting?.states ?? {}).filter(({ type }) => type !== 'history')
  expect(inner.map(({ key }) => [key, isResting(key)])).toEqual(inner.map(({ key }) => [key, true]))
  expect(inner.length).toBeGreaterThan(3)
  const names = Object.values(others).flatMap(({ key, states }) => [key, ...Object.keys(states)])
  expect(names.filter(isResting)).toEqual([])
  expect(names.length).toBeGreaterThan(5)
})
