import { describe, expect, test } from 'vitest'
import { masked } from '../examples/demo-output.ts'
import { linkTargets } from './markdown.ts'
import { readPage } from './pages.ts'
import { playReadme } from './readme-example.ts'

const readme = readPage('README.md')

describe('The README', () => {
  test('has at most 10 KB', () => {
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(10_000)
  })

  test('has absolute links only, since a registry shows it outside of the repository', () => {
    for (const target of linkTargets(readme)) expect(target).toMatch(/^(https:\/\/|#)/)
  })

  test('has an example that runs as it is pasted, and prints what the README shows: node --import tsx test/docs/write-docs.ts', async () => {
    const played = await playReadme()
    expect(played.length).toBeGreaterThanOrEqual(3)
    for (const { printed, shown } of played) expect(masked(printed)).toBe(masked(shown))
  })
})
