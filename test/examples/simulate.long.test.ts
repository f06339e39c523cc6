import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseScenario, runScenario, traceLines } from 'changeover/testing'
import { expect, test, vi } from 'vitest'
import { carefulLevel, carelessLevel, subjectWith } from '../../examples/simulate/modules.ts'
import { scenarioFromCode } from '../testing/simulate-fixtures.ts'

vi.setConfig({ testTimeout: 300_000 })

const root = fileURLToPath(new URL('../..', import.meta.url))
const example = join(root, 'examples', 'simulate')

test('the example finds the careless rollback, prints how to play it again, and accepts the careful one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'simulate-example-'))
  try {
    const args = ['--import', 'tsx', join(example, 'main.ts'), '60', folder]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
    const [careless = '', careful = ''] = stdout.split('2. With the careful rollback:')
    expect(careless).toContain('simulate.broken: the logger has the level of the config: start instead of ')
    expect(careless).toMatch(/seed \d+, path "/)
    expect(careless).toMatch(/import {.* scenario } from 'changeover\/testing'\n\nawait scenario\(/)
    expect(careless).toMatch(/\n {2}\.start\(.*\n( {2}\..*\n)+ {2}\.expectHeld\(\)/)
    expect(careless).toMatch(/✗ broken: the logger has the level of the config: start instead of \w+\n*$/)
    expect(careful).toMatch(/60 histories, \d+ transactions/)
    expect(careful).toContain('rolled-back')
    const files = (await readdir(folder)).sort()
    expect(files).toEqual([
      'the-logger-has-the-level-of-the-config.html',
      'the-logger-has-the-level-of-the-config.json',
    ])
    for (const file of files) expect(careless).toContain(join(folder, file))
    const kept = parseScenario(await readFile(join(folder, files[1] ?? ''), 'utf8'))
    expect(kept.steps.length).toBeLessThanOrEqual(2)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('the README of the example shows the real trace and the real code', async () => {
  const readme = await readFile(join(example, 'README.md'), 'utf8')
  const [code = '', trace = ''] = [...readme.matchAll(/```(?:ts|text)\n([\s\S]*?)\n```/g)].map(([, text]) => text ?? '')
  const shown = scenarioFromCode(code)
  const careless = await runScenario(shown, subjectWith(carelessLevel))
  expect(trace).toBe(traceLines(careless))
  expect((await runScenario(shown, subjectWith(carefulLevel))).violations).toEqual([])
  const [, corrected = ''] = readme.split('just before it replaces it:')
  const lines = (/```ts\n([\s\S]*?)```/.exec(corrected)?.[1] ?? '').split('\n').map((line) => line.trim())
  const source = (await readFile(join(example, 'modules.ts'), 'utf8')).replace(/\n +/g, '\n')
  expect(source).toContain(lines.join('\n').trim())
})
