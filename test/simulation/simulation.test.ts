import { expect, test } from 'vitest'
import { simulateMany } from './run.ts'

// `CHANGEOVER_SEED=7 CHANGEOVER_RUNS=1 npx vitest run test/simulation/simulation.test.ts` plays one history again.
const seed = Number(process.env.CHANGEOVER_SEED ?? 1)
const runs = Number(process.env.CHANGEOVER_RUNS ?? 50)

test('seeded histories of a service and its operators hold every invariant', { timeout: 300_000 }, async () => {
  const { failed, outcomes, met } = await simulateMany(seed, runs)
  expect(failed).toBeUndefined()
  if (runs < 50) return
  // A run in which something never happened has shown nothing about it.
  for (const outcome of ['committed', 'unchanged', 'rejected', 'rolled-back', 'superseded', 'aborted', 'degraded']) {
    expect(outcomes[outcome], `no transaction was ever ${outcome}`).toBeGreaterThan(0)
  }
  for (const what of ['change', 'reload', 'repair', 'retry', 'revert', 'quarantined', 'confirm.expired']) {
    expect(met[what], `${what} was never met`).toBeGreaterThan(0)
  }
})
