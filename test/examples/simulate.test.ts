import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { faults, parseScenario, type Scenario, runScenario, scenario, traceLines } from 'changeover/testing'
import { expect, test } from 'vitest'
import { carefulLevel, carelessLevel, subjectWith } from '../../examples/simulate/modules.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const example = join(root, 'examples', 'simulate')

test('the example finds the careless rollback, says how to play it again, and lets the careful one pass', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'simulate-example-'))
  try {
    const args = ['--import', 'tsx', join(example, 'main.ts'), '60', folder]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
    const [careless = '', careful = ''] = stdout.split('2. With the careful one:')
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

test('its README shows what that history really looks like, and code that is really there', async () => {
  const readme = await readFile(join(example, 'README.md'), 'utf8')
  const [code = '', trace = ''] = [...readme.matchAll(/```(?:ts|text)\n([\s\S]*?)\n```/g)].map(([, text]) => text ?? '')
  const built = code.replace(/^import .*$/m, '').replace('await scenario', 'return scenario')
  const make = new Function('scenario', 'faults', built.replace(/\n {2}\.run\(subject\)[\s\S]*/, '.build()'))
  const shown = make(scenario, faults) as Scenario
  const careless = await runScenario(shown, subjectWith(carelessLevel))
  expect(trace).toBe(traceLines(careless))
  expect((await runScenario(shown, subjectWith(carefulLevel))).violations).toEqual([])
  const [, mended = ''] = readme.split('just before it replaces it:')
  const lines = (/```ts\n([\s\S]*?)```/.exec(mended)?.[1] ?? '').split('\n').map((line) => line.trim())
  const source = (await readFile(join(example, 'modules.ts'), 'utf8')).replace(/\n +/g, '\n')
  expect(source).toContain(lines.join('\n').trim())
})
