import { readdir, readFile } from 'node:fs/promises'
import { parseScenario, replay } from 'changeover/testing'
import { expect, test } from 'vitest'
import { subject } from './subject.ts'

const folder = new URL('./regressions/', import.meta.url)
const files = await readdir(folder)
const scenarios = await Promise.all(
  files.map(async (file) => parseScenario(await readFile(new URL(file, folder), 'utf8'))),
)

test('every history that has found a bug has its own name', () => {
  const names = scenarios.map(({ name }) => name)
  expect(names).not.toContain(undefined)
  expect(new Set(names).size).toBe(files.length)
})

test.each(scenarios)('$name', async (scenario) => {
  const { violations } = await replay(scenario, subject)
  expect(violations).toEqual([])
})
