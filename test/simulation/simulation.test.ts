import { expect, test } from 'vitest'
import { simulateOnce } from './run.ts'

const runs = Number(process.env.SIMULATE_RUNS ?? 200)
const firstSeed = Number(process.env.SIMULATE_SEED ?? 1)

test(`${runs} seeded histories hold every invariant, from seed ${firstSeed}`, { timeout: 600_000 }, async () => {
  const outcomes: Record<string, number> = {}
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const { broken, counters } = await simulateOnce(seed)
    expect(broken, `seed ${seed}: npm run simulate with SIMULATE_SEED=${seed} SIMULATE_RUNS=1`).toEqual([])
    for (const [outcome, count] of Object.entries(counters)) outcomes[outcome] = (outcomes[outcome] ?? 0) + count
  }
  // A run in which something never happened has shown nothing about it.
  if (runs < 50) return
  for (const outcome of ['committed', 'unchanged', 'rejected', 'rolled-back', 'superseded', 'degraded']) {
    expect(outcomes[outcome], `no transaction was ever ${outcome}`).toBeGreaterThan(0)
  }
})
