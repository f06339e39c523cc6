import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { runProgram } from '../../.ci/npm.ts'
import { codeBlocks } from '../docs/markdown.ts'
import { nodes, projectFolder, toolPath } from './tools.ts'

const folder = join(inject('consumer'), 'runners')

/** The files that a page shows, by the name in their first line. */
const filesOf = async (page: string): Promise<ReadonlyMap<string, string>> => {
  const text = await readFile(join(projectFolder, 'docs', page), 'utf8')
  return new Map(codeBlocks(text, 'js').map((code) => [/^\/\/ (\S+)/.exec(code)?.[1] ?? '', code]))
}

/** The test that a service would write: a source in memory, and the one for etcd, which is only made. */
const testBody = `
test('a bad document keeps what serves', async () => {
  const source = memorySource('{ "greeting": "hello" }')
  const reloader = createReloader({ source, schema: z.strictObject({ greeting: z.string() }) })
  await reloader.start()
  source.put('{ "greeting": 42 }')
  equal((await reloader.reload()).outcome, 'rejected')
  source.put('{ "greeting": "good evening" }')
  equal((await reloader.reload()).outcome, 'committed')
  equal(reloader.config.greeting, 'good evening')
  await reloader.close()
})
test('the etcd source can be made', () => {
  equal(typeof etcdSource({ hosts: 'http://127.0.0.1:2379', key: '/config' }).read, 'function')
})
`
const names = `
import { equal } from 'node:assert/strict'
import { createReloader } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { memorySource } from 'changeover/testing'
import { z } from 'zod'
`
const requires = names.replace(/import (.+) from (.+)/g, 'const $1 = require($2)')

const inFolder = async (name: string, files: Readonly<Record<string, string>>): Promise<string> => {
  const at = join(folder, name)
  await mkdir(at, { recursive: true })
  for (const [file, text] of Object.entries(files)) await writeFile(join(at, file), text)
  return at
}

/** Runs a program, and returns all it printed; rejects if it fails. */
const run = (at: string, node: string, args: readonly string[]): Promise<string> => {
  return runProgram('sh', ['-c', 'NO_COLOR=1 FORCE_COLOR=0 "$0" "$@" 2>&1', node, ...args], at)
}

const jest = toolPath('jest', 'bin', 'jest.js')
const vm = '--experimental-vm-modules'

beforeAll(() => mkdir(folder))

describe('Jest', () => {
  const plugin = toolPath('@babel', 'plugin-transform-modules-commonjs', 'lib', 'index.js')

  it('runs the tests of the recipe in ES modules', async () => {
    const page = await filesOf('recipes/jest.md')
    const files = {
      'jest.config.js': page.get('jest.config.js') ?? '',
      'config.test.js': page.get('config.test.js') ?? '',
    }
    const at = await inFolder('jest-esm', files)
    expect(await run(at, process.execPath, [vm, jest])).toMatch(/Tests: +1 passed, 1 total/)
  })

  it('tells a simulation when it ends a test, before it does', async () => {
    const text = `
import { expect, test } from '@jest/globals'
import { simulate } from 'changeover/testing'
import fc from 'fast-check'
import { z } from 'zod'
const modules = (reloader) => reloader.use('a', (c) => c.a, { prepare: (a) => ({ instance: a }) })
const given = { schema: z.object({ a: z.number() }), modules, documents: fc.record({ a: fc.nat(9) }), runs: 1_000_000 }
test('a search is cut by the time-out of Jest', async () => {
  await expect(simulate(given)).rejects.toThrow('Jest ends this test after 20000 ms')
}, 20_000)
test('a limit ends it before', async () => {
  expect((await simulate({ ...given, timeLimitMs: 1_500 })).runs).toBeGreaterThan(0)
}, 60_000)
`
    const files = { 'jest.config.js': 'export default { transform: {} }', 'simulate.test.js': text }
    const at = await inFolder('jest-simulate', files)
    expect(await run(at, process.execPath, [vm, jest])).toMatch(/Tests: +2 passed, 2 total/)
  })

  it('runs the tests of the recipe in CommonJS', async () => {
    const page = await filesOf('recipes/jest.md')
    const config = page.get('jest.config.cjs')?.replace("'@babel/plugin-transform-modules-commonjs'", `'${plugin}'`)
    const test = page.get('config.test.cjs') ?? ''
    const other = `const { test } = require('@jest/globals')\n${requires}${testBody}`
    const files = { 'jest.config.cjs': config ?? '', 'config.test.cjs': test, 'other.test.cjs': other }
    const at = await inFolder('jest-cjs', files)
    expect(await run(at, process.execPath, [jest])).toMatch(/Tests: +3 passed, 3 total/)
  })

  it('runs tests of a service in ES modules', async () => {
    const files = { 'jest.config.js': 'export default { transform: {} }', 'service.test.js': `${names}${testBody}` }
    const at = await inFolder('jest-service', files)
    expect(await run(at, process.execPath, [vm, jest])).toMatch(/Tests: +2 passed, 2 total/)
  })
})

describe('Vitest', () => {
  const vitest = join(projectFolder, 'node_modules', 'vitest', 'vitest.mjs')
  const files = { 'service.test.js': `import { test } from 'vitest'\n${names}${testBody}` }

  it.each([
    ['with packages as they are', {}],
    ['with the package inlined', { test: { server: { deps: { inline: ['changeover'] } } } }],
  ])('runs tests of a service %s', async (name, config) => {
    const at = await inFolder(`vitest ${name}`, {
      ...files,
      'vitest.config.js': `export default ${JSON.stringify(config)}`,
    })
    expect(await run(at, process.execPath, [vitest, 'run', '--root', at])).toMatch(/Tests +2 passed \(2\)/)
  })
})

describe('node:test', () => {
  it.each(nodes)('runs tests of a service in ES modules and in CommonJS, with $name', async ({ name, path }) => {
    const at = await inFolder(`node-test-${name.replace(/\W+/g, '-')}`, {
      'service.test.mjs': `import { test } from 'node:test'\n${names}${testBody}`,
      'service.test.cjs': `const { test } = require('node:test')\n${requires}${testBody}`,
    })
    expect(await run(at, path, ['--test', '--test-reporter=tap'])).toMatch(/^# pass 4$/m)
  })
})
