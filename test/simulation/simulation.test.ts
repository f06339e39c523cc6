import { expect, test } from 'vitest'
import { simulateMany } from './run.ts'

test('50 seeded histories hold every invariant', { timeout: 300_000 }, async () => {
  const { failed, outcomes, met } = await simulateMany(1, 50)
  expect(failed, 'npm run simulate -- --runs 1 --seed S plays one again').toBeUndefined()
  // A run in which something never happened has shown nothing about it.
  for (const outcome of ['committed', 'unchanged', 'rejected', 'rolled-back', 'superseded', 'aborted', 'degraded']) {
    expect(outcomes[outcome], `no transaction was ever ${outcome}`).toBeGreaterThan(0)
  }
  for (const what of ['change', 'reload', 'repair', 'retry', 'revert', 'quarantined', 'confirm.expired']) {
    expect(met[what], `${what} was never met`).toBeGreaterThan(0)
  }
})
