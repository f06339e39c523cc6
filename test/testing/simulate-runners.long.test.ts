import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { useBundle } from '../support/bundled-program.ts'

const file = fileURLToPath(new URL('./node-test.ts', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

const run = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; code: number }> => {
  // Node's own runner behaves differently in a child of another runner.
  const { NODE_TEST_CONTEXT: _, ...clean } = process.env
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env: { ...clean, ...env } })
    return { stdout, code: 0 }
  } catch (error) {
    const { stdout, code } = error as { stdout: string; code: number }
    return { stdout, code }
  }
}

describe('A simulation', () => {
  /** Starts faster than the file, which the first test starts as a user does. */
  const bundled = useBundle(new URL('./node-test.ts', import.meta.url))

  it('runs in node:test', async () => {
    const { stdout, code } = await run(['--import', 'tsx', '--test', '--test-reporter=tap', file])
    expect(stdout).toMatch(/# pass 4/)
    expect(stdout).toMatch(/# fail 0/)
    expect(code).toBe(0)
  })

  it('fails in node:test with its trace when an expectation is broken', async () => {
    const { stdout, code } = await run(['--test', '--test-reporter=tap', bundled()], { SIMULATE_BREAKS: '1' })
    expect(stdout).toMatch(/# fail 1/)
    expect(stdout).toContain('the document that serves is not the expected one')
    expect(stdout).toContain('db.prepare ✗ hang')
    expect(code).toBe(1)
  })

  const withoutRunner = useBundle(`
    import { documents, subjectOf } from './test/testing/simulate-fixtures.ts'
    import { simulate } from 'changeover/testing'
    const { runs, outcomes } = await simulate({ ...subjectOf(), documents, runs: 20, seed: 7 })
    console.log(runs, outcomes['rolled-back'] > 0)`)

  it('runs without a test runner, and lets the process end', async () => {
    const { stdout, code } = await run([withoutRunner()])
    expect(stdout).toBe('20 true\n')
    expect(code).toBe(0)
  })

  const missing = `export const resolve = (name, context, next) => {
    if (name === 'fast-check') throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  }`
  const withoutPeer = useBundle(`
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(missing)}))
    const { simulate } = await import('changeover/testing')
    const subject = { schema: {}, modules: (r) => r, documents: {} }
    console.log(await simulate(subject).catch((error) => error.code))`)

  it('reports that fast-check is missing', async () => {
    const { stdout } = await run([withoutPeer()])
    expect(stdout).toBe('simulate.peer-missing\n')
  })
})
