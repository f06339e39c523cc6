import { expect, test } from 'vitest'
import { plantedFaults } from './faults.ts'
import { huntFor } from './finding.ts'
import { edited, sourceOf } from './plant.ts'

test.each(plantedFaults)('the planted fault $name has its place in the sources', async ({ edits }) => {
  for (const edit of edits) {
    const source = await sourceOf(edit.file)
    expect(edited(source, edit)).not.toBe(source)
  }
})

test.concurrent.each(plantedFaults)('three seeds find that $what', { timeout: 600_000 }, async (fault) => {
  const findings = await huntFor(fault, { runs: 2_000, seeds: [1, 2, 3] })
  for (const { seed, isFound, why, steps = Number.POSITIVE_INFINITY } of findings) {
    expect(isFound, `${fault.name}, seed ${seed}: ${why}`).toBe(true)
    expect(steps, `${fault.name}, seed ${seed}`).toBeLessThanOrEqual(6)
  }
})
