import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { exportViolations, type PublishedPackage } from './exports.ts'
import { hallViolations, importCycles, violations } from './layers.ts'
import { filesBelow, readJson, readText, root } from './project.ts'
import { importsOf, mask } from './source-text.ts'

const manifest = readJson<PublishedPackage>('package.json')
const { paths } = readJson<{ compilerOptions: { paths: Record<string, string[]> } }>('tsconfig.json').compilerOptions

describe('the project', () => {
  it('keeps to its layers, its clock and its file shapes', () => {
    const files = ['src', 'machines', 'examples', 'test'].flatMap((folder) => filesBelow(folder, '.ts'))
    expect(files).toContain('src/api/applier.ts')
    expect(files.flatMap((path) => violations(path, readText(path)))).toEqual([])
  })

  it('has no files that import each other in a circle', () => {
    const files = ['src', 'machines'].flatMap((folder) => filesBelow(folder, '.ts'))
    expect(files.length).toBeGreaterThan(200)
    expect(importCycles(new Map(files.map((path) => [path, readText(path)])))).toEqual([])
  })

  it('has no folder of more than 15 files, and no loose file', () => {
    expect(hallViolations(filesBelow('src', '.ts'))).toEqual([])
    expect(hallViolations(filesBelow('src', '.css'))).toEqual([])
  })

  it('has every file that ARCHITECTURE.md names', () => {
    const files = filesBelow('.', '.ts')
    const named = [...readText('ARCHITECTURE.md').matchAll(/[a-z0-9/-]+(?:\.test)?\.ts\b/g)].map(([path]) => path)
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter((name) => !files.some((path) => path === name || path.endsWith(`/${name}`)))).toEqual([])
  })

  it('has a file and types for every subpath it exports', () => {
    expect(exportViolations(manifest, paths, (path) => existsSync(join(root, path)))).toEqual([])
  })
})

describe('the rule on imports', () => {
  it.each([
    ['src/model/data/diff.ts', `import { join } from 'node:path'`],
    ['src/model/data/diff.ts', `import type { Clock } from '../../api/clock.ts'`],
    ['src/model/data/diff.ts', `import PQueue from 'p-queue'`],
    ['machines/watch/machine.ts', `import { createHash } from 'node:crypto'`],
    ['machines/watch/machine.ts', `import type { Clock } from '../../src/api/clock.ts'`],
    ['machines/watch/machine.ts', `import PQueue from 'p-queue'`],
    ['src/apply/phases.ts', `import { fileSource } from '../sources/file/index.ts'`],
    ['src/apply/phases.ts', `export { timer } from '../appliers/timer.ts'`],
    ['src/apply/phases.ts', `const { memorySource } = await import('../testing/index.ts')`],
    ['src/apply/phases.ts', `const load = (name: string) => import(name)`],
    ['src/apply/phases.ts', `import pg from 'pg'`],
    ['src/apply/phases.ts', `import pino from 'pino'`],
    ['src/apply/phases.ts', `import { createReloader } from 'changeover'`],
    ['src/sources/file/index.ts', `import { timer } from '../../appliers/timer.ts'`],
    ['src/sources/file/index.ts', `import { Etcd3 } from 'etcd3'`],
    ['src/sources/file/index.ts', `import { rebase } from '../etcd/rebase.ts'`],
    ['src/sources/etcd/connection-pool.ts', `import PQueue from 'p-queue'`],
    ['src/sources/etcd/connection-pool.ts', `import { memorySource } from '../../testing/index.ts'`],
    ['src/appliers/timer.ts', `import { fileSource } from '../sources/file/index.ts'`],
    ['src/appliers/resource.ts', `import pg from 'pg'`],
    ['src/appliers/pg.ts', `import pino from 'pino'`],
    ['src/appliers/timer.ts', `import type { Logger } from 'pino'`],
    ['src/appliers/log-level.ts', `import pino from 'pino'`],
    ['src/appliers/log-level.ts', `import { type Logger } from 'pino'`],
    ['src/appliers/log-level.ts', `import 'pino'`],
    ['src/testing/index.ts', `import { page } from '../inspect/page.ts'`],
    ['src/testing/index.ts', `import { vi } from 'vitest'`],
    ['examples/service/main.ts', `import { createReloader } from '../../src/index.ts'`],
    ['src/apply/phases.ts', `import { freePort } from '../../test/support/ports.ts'`],
    ['src/apply/phases.ts', `import { step } from '../../.ci/step.ts'`],
    ['lib/other.ts', `export const a = 1`],
    ['src/intake/intake.ts', `import type { Safety } from '../safety/safety.ts'`],
    ['src/api/status.ts', `import type { Counters } from '../transaction/transaction-recorder.ts'`],
    ['src/inspect/http/headers.ts', `import { Broadcaster } from '../stream/broadcaster.ts'`],
    ['src/testing/simulate/scenario/scenario.ts', `import type { Run } from '../play/run.ts'`],
    ['src/testing/simulate/play/run.ts', `import { timer } from '../../../appliers/timer.ts'`],
  ])('refuses, in %s, %s', (path, text) => {
    expect(violations(path, text)).toHaveLength(1)
  })

  it.each([
    ['src/model/data/digest.ts', `import { createHmac } from 'node:crypto'`],
    [
      'machines/reload/machine.ts',
      `import { setup } from 'xstate'\nimport type { Outcome } from '../../src/model/record.ts'`,
    ],
    ['src/apply/phases.ts', `import PQueue from 'p-queue'\nimport { reload } from '../../machines/index.ts'`],
    [
      'src/modules/slot.ts',
      `import { failure } from '../model/failure.ts'\nimport type { Clock } from '../api/clock.ts'`,
    ],
    [
      'src/sources/etcd/connection-pool.ts',
      `import { Etcd3 } from 'etcd3'\nimport type { Metadata } from '@grpc/grpc-js'`,
    ],
    ['src/appliers/pg-pool.ts', `import pg from 'pg'\nimport { resource } from './resource.ts'`],
    ['src/appliers/log-level.ts', `import type { Logger } from 'pino'`],
    ['src/testing/index.ts', `import type { Source } from '../api/source.ts'`],
    ['src/reloader/startup.ts', `import manifest from '../../package.json' with { type: 'json' }`],
    ['examples/service/main.ts', `import { createReloader } from 'changeover'\nimport { port } from './settings.ts'`],
    ['src/apply/phases.ts', `// import pg from 'pg'\nconst text = "import pg from 'pg'".length / 2 / 1`],
  ])('lets pass, in %s, %s', (path, text) => {
    expect(violations(path, text)).toEqual([])
  })

  it('finds every way to import, and nothing in comments, strings and templates', () => {
    const text = [
      `import a from 'one'`,
      `import type b from 'two'`,
      `import c, { type d } from "three"`,
      `import * as e from 'four'`,
      `import {\n  f, // from 'no'\n  g,\n} from 'five'`,
      `import 'six'`,
      `export { h } from 'seven'`,
      `export * from 'eight'`,
      `export type { i } from 'nine'`,
      `export * as j from 'ten'`,
      `const k = await import('eleven')`,
      `import type from 'twelve'`,
      '/* import x from "no" */',
      "const l = `${[1].map((n) => `${n} // ${'}'}`)} /* not a comment`",
      `const quote = /['"\`/*]/.test(l) // it's import x from 'no'`,
      `export const m = Array.from(new Set(['no']))`,
      `import n from 'thirteen'`,
    ].join('\n')
    const found = importsOf(mask(text))
    const names = 'one two three four five six seven eight nine ten eleven twelve thirteen'.split(' ')
    expect(found.map(({ specifier }) => specifier).sort()).toEqual(names.sort())
    expect(found.filter(({ typeOnly }) => typeOnly).map(({ specifier }) => specifier)).toEqual(['two', 'nine'])
  })
})

describe('the rule on circles', () => {
  it('finds a circle of type-only imports, and names its files', () => {
    const files = new Map([
      ['src/a.ts', `import type { B } from './b.ts'`],
      ['src/b.ts', `export type { C } from './c.ts'`],
      ['src/c.ts', `import { a } from './a.ts'`],
      ['src/d.ts', `import { a } from './a.ts'`],
    ])
    expect(importCycles(files)).toEqual([['src/a.ts', 'src/b.ts', 'src/c.ts']])
  })

  it('passes files that only share an import', () => {
    const files = new Map([
      ['src/a.ts', `import { c } from './c.ts'`],
      ['src/b.ts', `import { c } from './c.ts'`],
      ['src/c.ts', ''],
    ])
    expect(importCycles(files)).toEqual([])
  })
})

describe('the rule on halls', () => {
  it('refuses a folder of sixteen files and a loose file', () => {
    const paths = Array.from({ length: 16 }, (_, index) => `src/model/${index}.ts`)
    expect(hallViolations(paths)).toHaveLength(1)
    expect(hallViolations(paths.slice(1))).toEqual([])
    expect(hallViolations(['src/index.ts', 'src/loose.ts'])).toEqual(['src/loose.ts lies loose in src'])
  })
})

describe('the rule on globals', () => {
  it.each([
    ['machines/watch/machine.ts', 'const delay = () => Math.random() * 100'],
    ['machines/watch/machine.ts', 'const at = new Date()'],
    ['machines/watch/machine.ts', 'const at = performance.now()'],
    ['machines/watch/machine.ts', 'setTimeout(tick, 1)'],
    ['machines/watch/machine.ts', 'const text = `at ${Date.now()}`'],
    ['machines/watch/machine.ts', 'console.log(1)'],
    ['machines/watch/machine.ts', 'const home = process.env'],
    ['src/apply/phases.ts', 'const at = Date.now()'],
    ['src/apply/phases.ts', 'const at = new Date()'],
    ['src/appliers/timer.ts', 'setInterval(task, ms)'],
    ['src/appliers/timer.ts', 'const signal = AbortSignal.timeout(5)'],
    ['src/sources/file/index.ts', `import timers from 'node:timers/promises'`],
  ])('refuses, in %s, %s', (path, text) => {
    expect(violations(path, text)).toHaveLength(1)
  })

  it.each([
    ['src/api/clock.ts', 'export const now = () => Date.now()'],
    ['src/apply/phases.ts', 'clock.setTimeout(stop, 5)'],
    ['src/testing/fakes/virtual-clock.ts', 'export const clock = { setTimeout: (run: () => void) => run() }'],
    ['src/apply/phases.ts', 'const shown = new Date(record.startedAt).toISOString()'],
    ['machines/watch/machine.ts', '// Math.random() and Date.now() are elsewhere\nconst hint = "see Date.now()"'],
  ])('lets pass, in %s, %s', (path, text) => {
    expect(violations(path, text)).toEqual([])
  })
})

describe('the rule on file shapes', () => {
  it.each([
    ['src/apply/phases.ts', 'a\n'.repeat(251)],
    ['machines/reload/machine.ts', 'a\n'.repeat(251)],
    ['src/model/utils.ts', ''],
    ['src/model/string-helpers.ts', ''],
    ['machines/utils/index.ts', ''],
    ['src/model/errorCodes.ts', ''],
  ])('refuses %s', (path, text) => {
    expect(violations(path, text)).toHaveLength(1)
  })

  it('lets pass a file of 250 lines', () => {
    expect(violations('src/apply/phases.ts', 'a\n'.repeat(250))).toEqual([])
  })
})

describe('the rule on the main entry', () => {
  it.each([
    `export * from './reloader/reloader.ts'`,
    `export type * from './model/record.ts'`,
    `export * as model from './model/record.ts'`,
  ])('refuses %s', (text) => {
    expect(violations('src/index.ts', text)).toEqual(['src/index.ts has an export *'])
  })
})

describe('the rule on subpaths', () => {
  const one = { types: './dist/src/index.d.ts', default: './dist/src/index.js' }
  const two = { types: './dist/src/two.d.ts', default: './dist/src/two.js' }
  const bothPaths = { changeover: ['./src/index.ts'], 'changeover/two': ['./src/two.ts'] }

  it.each([
    ['a file that is not there', { '.': one, './two': two }, bothPaths, ['src/index.ts']],
    [
      'types of another file',
      { '.': { ...one, types: two.types } },
      { changeover: bothPaths.changeover },
      ['src/index.ts'],
    ],
    [
      'a subpath without types',
      { '.': { default: one.default } },
      { changeover: bothPaths.changeover },
      ['src/index.ts'],
    ],
    [
      'a subpath the compiler does not know',
      { '.': one, './two': two },
      { changeover: bothPaths.changeover },
      ['src/index.ts', 'src/two.ts'],
    ],
    ['a path that is not exported', { '.': one }, bothPaths, ['src/index.ts']],
    [
      'a plain file that is not there',
      { '.': one, './package.json': './package.json' },
      { changeover: bothPaths.changeover },
      ['src/index.ts'],
    ],
  ])('refuses %s', (_title, exports, known, files) => {
    expect(exportViolations({ exports }, known, (path) => files.includes(path))).toHaveLength(1)
  })
})
