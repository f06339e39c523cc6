import { expect, test } from 'vitest'
import { plantedFaults } from './faults.ts'
import { edited, sourceOf } from './plant.ts'

// `npm run simulate:planted` shows that each fault is found. It plays thousands of histories for each.
test.each(plantedFaults)('the planted fault $name can be planted in the sources', async ({ edits }) => {
  for (const edit of edits) {
    const source = await sourceOf(edit.file)
    expect(edited(source, edit)).not.toBe(source)
  }
})
