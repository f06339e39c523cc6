import { expect, test } from 'vitest'
import { createRandom } from '../simulation/random.ts'
import { playStory, type Seen } from './random-story.ts'

const RUNS = Number(process.env['SAFETY_RUNS'] ?? 40)
const from = Number(process.env['SAFETY_SEED'] ?? 1)

test(`${RUNS} histories of documents, deaths, orders and disks hold every invariant (from seed ${from})`, { timeout: 600_000 }, async () => {
  const seen: Seen = { deaths: 0, boots: 0, restored: 0, reverts: 0, words: 0, quarantines: 0, committed: 0 }
  for (let seed = from; seed < from + RUNS; seed++) await playStory(seed, createRandom(seed), seen)
  console.log(seen)
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0)
})
