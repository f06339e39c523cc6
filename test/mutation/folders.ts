import { readFileSync } from 'node:fs'

/** A folder whose files are changed, and the tests that may notice. */
export interface Folder {
  readonly name: string
  /** Test files or folders, nearest first. */
  readonly tests: readonly string[]
}

const guarantees = 'test/guarantees'
const machines = 'test/machines'
const frameworks = ['test/frameworks']
const command = ['test/cli']
const fleet = ['test/fleet']
const simulation = 'test/testing/simulate/simulation.test.ts'
const simulations = [
  'test/testing/simulate.test.ts',
  'test/testing/simulate-faults.test.ts',
  'test/testing/simulate-globals.test.ts',
  'test/testing/simulate-limit.test.ts',
  'test/testing/simulate-output.test.ts',
  'test/testing/simulate-overlap.test.ts',
  'test/testing/simulate-real-world.test.ts',
  'test/testing/simulate-report.test.ts',
  'test/testing/simulate-runners.long.test.ts',
  'test/testing/simulate-shrink.test.ts',
  'test/testing/simulate-stray.test.ts',
  'test/testing/simulate/transient.test.ts',
  'test/testing/simulate/regressions.test.ts',
  simulation,
]

/** What tests a folder besides its own tests. */
const others: Readonly<Record<string, readonly string[]>> = {
  'src/model': ['test/validation', 'test/persistence', 'test/safety', guarantees],
  'src/api': [
    'test/docs/reference.test.ts',
    'test/settings',
    'test/inspect/observation.test.ts',
    'test/reloader',
    guarantees,
  ],
  'src/api/internal': [
    'test/api',
    'test/transaction',
    'test/inspect/observation.test.ts',
    'test/frameworks',
    guarantees,
  ],
  'src/async': ['test/reloader', 'test/safety', 'test/intake', guarantees],
  machines: ['test/intake', 'test/safety', 'test/reloader', guarantees, simulation],
  'src/xstate': ['test/inspect/observation.test.ts', machines, 'test/examples/xstate-inspector.test.ts', guarantees],
  'src/persistence': ['test/safety', guarantees],
  'src/modules': ['test/apply', 'test/reloader', guarantees, simulation],
  'src/settings': ['test/safety/options.test.ts', 'test/reloader', guarantees],
  'src/transaction': ['test/reloader', 'test/inspect/observation.test.ts', 'test/safety', guarantees],
  'src/intake': ['test/safety', 'test/reloader', guarantees, simulation],
  'src/safety': ['test/persistence', 'test/intake', guarantees, simulation],
  'src/formats': ['test/validation', 'test/sources', guarantees],
  'src/formats/edit': ['test/formats', ...command],
  'src/schema': ['test/validation', 'test/docs', 'test/inspect/observation.test.ts', guarantees],
  'src/validation': ['test/safety', 'test/reloader', guarantees],
  'src/apply': ['test/reloader', 'test/safety', guarantees, simulation],
  'src/engine': [machines, 'test/intake', 'test/reloader', 'test/safety', 'test/apply', guarantees, simulation],
  'src/reloader': ['test/safety', 'test/intake', 'test/settings', guarantees],
  'src/history': [
    'test/sources/etcd/operator',
    'test/sources/file/operator',
    'test/sources/etcd/publish.test.ts',
    ...command,
  ],
  'src/sources/layers/fixed': ['test/sources/layers'],
  'src/sources/layers': ['test/secrets/layers.test.ts', 'test/intake', guarantees],
  'src/sources/etcd/connection': ['test/sources/etcd'],
  'src/sources/etcd/operator': ['test/sources/etcd', ...command],
  'src/sources/etcd/fleet': fleet,
  'src/sources/etcd': fleet,
  'src/files': ['test/sources/file'],
  'src/sources/file': ['test/files', 'test/testing/contract'],
  'src/sources/file/operator': ['test/sources/file', ...command],
  'src/secrets': ['test/safety', guarantees],
  'src/secrets/providers': ['test/secrets'],
  'src/appliers': [guarantees, 'test/apply'],
  'src/observe/prometheus': ['test/observe'],
  'src/observe/otel': ['test/observe'],
  'src/observe/health': ['test/observe'],
  'src/fleet/member': fleet,
  'src/frameworks/request': frameworks,
  'src/frameworks/express': frameworks,
  'src/frameworks/fastify': frameworks,
  'src/frameworks/nest': frameworks,
  'src/inspect/stream': [
    'test/inspect/observation.test.ts',
    'test/inspect/inspector.test.ts',
    'test/inspect/actions.test.ts',
  ],
  'src/inspect/http': ['test/inspect/inspector.test.ts', 'test/inspect/actions.test.ts'],
  'src/testing/fakes': ['test/testing', 'test/intake', 'test/safety', guarantees],
  'src/testing/contract': ['test/sources/file', 'test/testing'],
  'src/testing/simulate/scenario': simulations,
  'src/testing/simulate/check': simulations,
  'src/testing/simulate/play': simulations,
  'src/testing/simulate/report': simulations,
  'src/testing/simulate': simulations,
  'src/cli/output': command,
  'src/cli/target': command,
  'src/cli/check': command,
  'src/cli/context': command,
  'src/cli/fleet': [...fleet, ...command],
  'src/cli/publishing': [...command, ...fleet],
  'src/cli/commands': command,
}

/** The page runs in a browser, whose tests are a script of their own; the entries only pass names on. */
const left = new Set(['src/inspect/page', 'src/index.ts', 'src/testing'])

const expand = (name: string): readonly string[] => {
  const [, before = '', names, after = ''] = /^(.*)\{(.+)\}(.*)$/.exec(name) ?? []
  return names === undefined ? [name] : names.split(',').map((one) => `${before}${one}${after}`)
}

/** Folders that ARCHITECTURE.md names only in the text of another folder's line. They stand before that one. */
const inner = new Map([
  ['src/sources/etcd', ['src/sources/etcd/operator', 'src/sources/etcd/fleet']],
  ['src/sources/file', ['src/sources/file/operator']],
])

/** Reads the folders from the list in ARCHITECTURE.md, in its order. */
export const readFolders = (architecture: string): readonly Folder[] => {
  const list = /^```layers\n([\s\S]*?)^```/m.exec(architecture)?.[1] ?? ''
  const names = list
    .trimEnd()
    .split('\n')
    .flatMap((row) => expand((row.split(/\s/)[0] ?? '').replace(/\/$/, '')))
    .flatMap((name) => [...(inner.get(name) ?? []), name])
  return names
    .filter((name) => !left.has(name))
    .map((name) => ({
      name,
      tests: [name.replace(/^src/, 'test').replace(/^machines/, machines), ...(others[name] ?? [])],
    }))
}

/** The folder of a file: the longest that holds it. */
export const folderOf = (file: string, folders: readonly Folder[]): Folder | undefined =>
  folders
    .filter(({ name }) => file.startsWith(`${name}/`))
    .reduce<Folder | undefined>((best, one) => (one.name.length > (best?.name.length ?? 0) ? one : best), undefined)

export const readArchitecture = (root: string): string => readFileSync(`${root}/ARCHITECTURE.md`, 'utf8')
