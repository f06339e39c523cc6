import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { blockOf, codeBlocks } from '../docs/markdown.ts'
import { readPage } from '../docs/pages.ts'
import { useBundle } from '../support/bundled-program.ts'
import { masked, runDemo } from './demo-output.ts'
import { entriesOf, PATIENT_MS, startExample, temporaryFolder } from './service-process.ts'

vi.setConfig({ testTimeout: PATIENT_MS })

/** Starts faster than `demo.ts`, which the other tests start as the README says. */
const bundled = useBundle(new URL('../../examples/service/demo.ts', import.meta.url))

let folder: string
let output: Awaited<ReturnType<typeof runDemo>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changeover-demo-test-'))
  await chmod(folder, 0o777)
  output = await runDemo({ TMPDIR: folder })
}, PATIENT_MS)
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the demo shows commits, rollbacks and a rejection with their reasons', () => {
  const { stdout, stderr } = output
  const outcomes = [...stdout.matchAll(/^ {3}([a-z-]+) {2}[0-9a-z]{8}-\d+ {2}revision /gm)].map(
    ([, outcome]) => outcome,
  )
  expect(outcomes).toEqual(['committed', 'committed', 'rolled-back', 'rejected', 'rolled-back', 'committed'])
  for (const text of ['module.prepare-failed', '28P01', 'document.malformed', 'module.prepare-timeout', 'timed-out']) {
    expect(stdout).toContain(text)
  }
  const serving = [...stdout.matchAll(/Now: log level (\w+), cache every (\d+) ms, pool of (\d+)\./g)].map((found) =>
    found.slice(1).join(' '),
  )
  const [first, second, third] = ['info 5000 5', 'debug 1000 10', 'warn 1000 8']
  expect(serving).toEqual([first, second, second, second, second, third])
  expect(stderr).toBe('')
  expect(stdout).not.toContain('not-the-password')
})

test('no query fails during the demo', () => {
  const [, queries] = /^(\d+) queries ran during the demo, 0 failed\.$/m.exec(output.stdout) ?? []
  expect(Number(queries)).toBeGreaterThan(50)
})

test('the demo leaves nothing behind', async () => {
  expect(await entriesOf(folder)).toEqual([])
})

test('Getting started shows the output of the demo: node --import tsx test/examples/write-demo.ts', () => {
  const [shown = ''] = codeBlocks(blockOf(readPage('docs/guide/getting-started.md'), 'demo'), 'text')
  expect(masked(shown)).toBe(masked(output.stdout))
})

test('a demo that is stopped half-way ends with exit code 1 and leaves nothing behind', async () => {
  const temporary = await temporaryFolder()
  const { child, exited, stdout, stderr } = startExample(bundled(), { TMPDIR: temporary })
  await expect.poll(stdout, { timeout: PATIENT_MS }).toContain('\n2. ')
  child.kill('SIGINT')
  expect(await exited).toBe(1)
  expect(stderr()).toContain('stopped')
  expect(await entriesOf(temporary)).toEqual([])
})
