import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from './project.ts'

const folder = mkdtempSync(join(tmpdir(), 'changeover-count-'))
const report = join(folder, 'tests.json')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const test = (status: string) => ({ status, fullName: `a ${status} test` })
const file = (status: string, ...tests: string[]) => ({ name: 'a.test.ts', status, assertionResults: tests.map(test) })

const count = (content: string, exitCode: number): string => {
  writeFileSync(report, content)
  const { stdout } = spawnSync(process.execPath, ['.ci/count-tests.mjs', report, `${exitCode}`], { cwd: root })
  return stdout.toString().trim()
}

describe('the count of tests', () => {
  it.each([
    ['tests that passed', [file('passed', 'passed', 'passed')], 0, '2 0'],
    ['a test that failed', [file('failed', 'passed', 'failed'), file('passed', 'passed')], 1, '2 1'],
    ['skipped tests as failed ones', [file('passed', 'passed', 'skipped', 'pending', 'todo')], 0, '1 3'],
    ['a file that cannot be run', [file('failed'), file('passed', 'passed')], 1, '1 1'],
    ['a file whose clean-up failed', [file('failed', 'passed')], 1, '1 1'],
    ['a run that failed outside its tests', [file('passed', 'passed')], 1, '1 1'],
    ['a run without tests as failed', [], 0, '0 1'],
  ])('counts %s', (_title, testResults, exitCode, expected) => {
    expect(count(JSON.stringify({ testResults }), exitCode)).toBe(expected)
  })

  it('counts a missing or broken report as one failure', () => {
    expect(count('{ "testRes', 0)).toBe('0 1')
  })
})
