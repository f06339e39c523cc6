import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blockOf, codeBlocks, readmePath } from '../docs/readme.ts'
import { masked, runDemo } from './demo-output.ts'
import { entriesOf, startExample, temporaryFolder } from './service-process.ts'

let folder: string
let output: Awaited<ReturnType<typeof runDemo>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changeover-demo-test-'))
  await chmod(folder, 0o777)
  output = await runDemo({ TMPDIR: folder })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('the demo commits, rolls back, rejects, gives up and commits again, and says why', () => {
  const { stdout, stderr } = output
  const outcomes = [...stdout.matchAll(/^ {3}([a-z-]+) {2}[0-9a-z]{8}-\d+ {2}revision /gm)].map(
    ([, outcome]) => outcome,
  )
  expect(outcomes).toEqual(['committed', 'committed', 'rolled-back', 'rejected', 'rolled-back', 'committed'])
  for (const said of ['module.prepare-failed', '28P01', 'document.malformed', 'module.prepare-timeout', 'timed-out']) {
    expect(stdout).toContain(said)
  }
  const serving = [...stdout.matchAll(/Now: log level (\w+), cache every (\d+) ms, pool of (\d+)\./g)].map((found) =>
    found.slice(1).join(' '),
  )
  const [first, second, third] = ['info 5000 5', 'debug 1000 10', 'warn 1000 8']
  expect(serving).toEqual([first, second, second, second, second, third])
  expect(stderr).toBe('')
  expect(stdout).not.toContain('not-the-password')
})

test('queries go on through all of the demo without one failure', () => {
  const [, queries] = /^(\d+) queries went on through all of this, 0 failed\.$/m.exec(output.stdout) ?? []
  expect(Number(queries)).toBeGreaterThan(1_000)
})

test('the demo leaves nothing behind', async () => {
  expect(await entriesOf(folder)).toEqual([])
})

test('the README shows the output of the demo: node --import tsx test/examples/write-demo.ts', async () => {
  const [shown = ''] = codeBlocks(blockOf(await readFile(readmePath, 'utf8'), 'demo'), 'text')
  expect(masked(shown)).toBe(masked(output.stdout))
})

test('a demo that is stopped half-way ends with exit code 1 and leaves nothing', async () => {
  const place = await temporaryFolder()
  const { child, exited, stdout, stderr } = startExample('demo.ts', { TMPDIR: place })
  await expect.poll(stdout, { timeout: 30_000 }).toContain('\n2. ')
  child.kill('SIGINT')
  expect(await exited).toBe(1)
  expect(stderr()).toContain('stopped')
  expect(await entriesOf(place)).toEqual([])
})
