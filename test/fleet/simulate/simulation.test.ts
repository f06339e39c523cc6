import { describe, expect, it, test } from 'vitest'
import { edited, sourceOf } from '../../testing/simulate/planted/plant.ts'
import { plantedFleetFaults } from './planted-faults.ts'
import { playFleet } from './play-fleet.ts'

describe('The simulation of fleets', () => {
  it('finds no instance that serves a candidate for too long, and no promotion that is lost, in 30 histories', async () => {
    const runs = await Promise.all([1, 2, 3].map(async (seed) => ({ seed, ...(await playFleet(seed, 10)) })))
    expect(runs.flatMap(({ seed, violations }) => violations.map((violation) => ({ seed, violation })))).toEqual([])
    expect(runs.reduce((sum, { histories }) => sum + histories, 0)).toBe(30)
    const results = runs.flatMap(({ trace }) => trace.flatMap((line) => /^r\d+ (\S+) /.exec(line)?.[1] ?? []))
    expect(results).toEqual(expect.arrayContaining(['published', 'fleet.rollout-failed', 'fleet.rollout-lost']))
  })

  it('plays a seed the same way again', async () => {
    expect((await playFleet(7, 5)).trace).toEqual((await playFleet(7, 5)).trace)
  })
})

// `npm run simulate:fleet -- --planted` shows that each fault is found.
test.each(plantedFleetFaults)('the planted fault $name can be planted in the sources', async ({ edits }) => {
  for (const edit of edits) {
    const source = await sourceOf(edit.file)
    expect(edited(source, edit)).not.toBe(source)
  }
})
