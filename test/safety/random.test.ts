import { expect, test } from 'vitest'
import { createRandom } from '../support/random.ts'
import { playStory } from './random-moves.ts'
import { createTally } from './random-story.ts'

/** SAFETY_RUNS and SAFETY_SEED replace the defaults. */
const runs = Number(process.env.SAFETY_RUNS ?? 40)
const from = Number(process.env.SAFETY_SEED ?? 1)

test(`${runs} histories of documents, crashes, commands and disk faults keep every promise (from seed ${from})`, async () => {
  const tally = createTally()
  for (let seed = from; seed < from + runs; seed++) await playStory(seed, createRandom(seed), tally)
  for (const [what, count] of Object.entries(tally)) expect(count, what).toBeGreaterThan(0)
}, 600_000)
