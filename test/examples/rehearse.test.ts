import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('the example finds the careless rollback, says how to play it again, and lets the careful one pass', async () => {
  const args = ['--import', 'tsx', join(root, 'examples', 'rehearse', 'main.ts'), '60']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  const [careless = '', careful = ''] = stdout.split('2. With the careful one:')
  expect(careless).toContain('simulate.broken: the logger has the level of the config')
  expect(careless).toContain('await scenario(')
  expect(careless).toMatch(/seed 1, path "/)
  expect(careful).toMatch(/60 histories, \d+ transactions/)
  expect(careful).toContain('rolled-back')
})
