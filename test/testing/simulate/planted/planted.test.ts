import { expect, test } from 'vitest'
import { plantedFaults } from './faults.ts'
import { edited, sourceOf } from './plant.ts'

// That each is found is shown by `npm run simulate:planted`, which plays thousands of histories for each.
test.each(plantedFaults)('the planted fault $name has its place in the sources', async ({ edits }) => {
  for (const edit of edits) {
    const source = await sourceOf(edit.file)
    expect(edited(source, edit)).not.toBe(source)
  }
})
