import { posix } from 'node:path'
import { readText } from './project.ts'
import { type Import, importsOf, mask, unknownImport } from './source-text.ts'

/** One broken rule, as a sentence that starts with the file. */
export type Violation = string

/** A folder, and the folders that it may import besides itself. */
interface Layer {
  readonly folder: string
  readonly below: readonly string[]
}

const expand = (folder: string): readonly string[] => {
  const [, before = '', names = '', after = ''] = /^(.*)\{(.+)\}(.*)$/.exec(folder) ?? []
  return names === '' ? [folder] : names.split(',').map((name) => `${before}${name}${after}`)
}

/** Reads the list of folders in ARCHITECTURE.md, top to bottom. */
const readLayers = (architecture: string): readonly Layer[] => {
  const block = /^```layers\n([\s\S]*?)^```/m.exec(architecture)?.[1]
  if (block === undefined) throw new Error('ARCHITECTURE.md has no list of folders')
  const rows = block
    .trimEnd()
    .split('\n')
    .map((row) => expand((row.split(/\s/)[0] ?? '').replace(/\/$/, '')))
  return rows.flatMap((row, index) => {
    const below = rows.slice(0, index).flat()
    return row.map((folder) => ({ folder, below: folder === 'machines' ? ['src/model'] : below }))
  })
}

const listed = readLayers(readText('ARCHITECTURE.md'))

const layers: readonly Layer[] = [
  ...listed,
  { folder: 'examples', below: [] },
  { folder: 'test', below: [...listed.map(({ folder }) => folder), 'examples'] },
]

const isIn = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

/** The layer of a file: the longest folder that holds it. */
const layerOf = (path: string): Layer | undefined =>
  layers
    .filter(({ folder }) => isIn(path, folder))
    .reduce<Layer | undefined>((best, one) => (one.folder.length > (best?.folder.length ?? 0) ? one : best), undefined)

/** The subpath entry that a file belongs to. Entries never import each other: each has dependencies of its own. */
const entryOf = (path: string): string | undefined =>
  /^src\/(sources\/[^/]+|secrets\/providers|observe\/[^/]+|fleet\/member|frameworks\/[^/]+|appliers|inspect|testing|cli)\//.exec(
    path,
  )?.[1]

const anything = /^/

/** Packages and Node's modules that a folder may import; none unless it is named. */
const packagesOf: readonly (readonly [folder: string, packages: RegExp])[] = [
  ['src/model', /^node:crypto$/],
  ['src/async', /^node:(events|async_hooks)$/],
  ['machines', /^xstate$/],
  ['src/xstate', /^xstate$/],
  ['src/persistence', /^node:/],
  ['src/settings', /^node:(crypto|os|path)$/],
  ['src/intake', /^xstate$/],
  ['src/transaction', /^node:diagnostics_channel$/],
  ['src/apply', /^p-queue$/],
  ['src/engine', /^xstate$/],
  ['src/files', /^node:/],
  ['src/sources', /^node:/],
  ['src/secrets/providers', /^node:/],
  ['src/appliers', /^node:/],
  ['src/observe', /^node:(diagnostics_channel|http)$/],
  ['src/frameworks', /^node:(async_hooks|http|module)$/],
  ['src/testing', /^(node:|xstate$)/],
  ['src/inspect', /^(node:|xstate$)/],
  ['src/history', /^node:(crypto|zlib)$/],
  ['src/fleet', /^node:crypto$/],
  ['src/cli', /^node:/],
  ['examples', anything],
  ['test', anything],
]

const mayImport = (path: string, specifier: string): boolean =>
  packagesOf.some(([folder, packages]) => isIn(path, folder) && packages.test(specifier))

interface PackageGrant {
  readonly files: RegExp
  readonly packages: RegExp
  readonly typesOnly?: boolean
}

/** Packages that only some files of a layer may import. */
const grants: readonly PackageGrant[] = [
  { files: /^src\/formats\//, packages: /^(jsonc-parser|yaml|smol-toml)$/ },
  { files: /^src\/sources\/etcd\//, packages: /^etcd3$/ },
  // At run time it is etcd3's own copy, which refuses objects of another one.
  { files: /^src\/sources\/etcd\//, packages: /^@grpc\/grpc-js$/, typesOnly: true },
  { files: /^src\/appliers\/pg[^/]*\.ts$/, packages: /^pg$/ },
  { files: /^src\/appliers\/log-level[^/]*\.ts$/, packages: /^pino$/, typesOnly: true },
  { files: /^src\/observe\/prometheus\//, packages: /^prom-client$/ },
  { files: /^src\/observe\/otel\//, packages: /^@opentelemetry\/api$/ },
  { files: /^src\/frameworks\/fastify\//, packages: /^fastify$/, typesOnly: true },
  { files: /^src\/frameworks\/nest\//, packages: /^(@nestjs\/(common|core)|rxjs)$/ },
  { files: /^src\/testing\/simulate\/(simulate|scenario\/arbitrary(-steps)?)\.ts$/, packages: /^fast-check$/ },
]

const packageViolation = (path: string, { folder }: Layer, { specifier, typeOnly }: Import): Violation | undefined => {
  const isOpen = folder === 'examples' || folder === 'test'
  // The command loads the file that its user has written.
  const loadsConfig = path === 'src/cli/target/import-module.ts'
  if (specifier === unknownImport) {
    return isOpen || loadsConfig ? undefined : `${path} imports something that is not a literal`
  }
  if (!isOpen && /^changeover(\/|$)/.test(specifier)) return `${path} imports the package by its own name: ${specifier}`
  if (mayImport(path, specifier)) return undefined
  const grant = grants.find(({ files, packages }) => files.test(path) && packages.test(specifier))
  if (grant === undefined) return `${path} imports ${specifier}, which ${folder} may not`
  return grant.typesOnly && !typeOnly
    ? `${path} imports ${specifier} at run time; only its types are allowed`
    : undefined
}

const fileViolation = (path: string, { folder, below }: Layer, { specifier }: Import): Violation | undefined => {
  const target = posix.join(posix.dirname(path), specifier)
  const other = layerOf(target)
  if (other === undefined) {
    const isOpen = folder === 'test' || target === 'package.json'
    return isOpen ? undefined : `${path} imports ${target}, which is in no folder of the list`
  }
  if (other.folder !== folder && !below.includes(other.folder)) {
    return `${path} (${folder}) imports ${target} (${other.folder}), which does not stand above it`
  }
  const from = entryOf(path)
  const to = entryOf(target)
  // The command works on documents where the sources read them, by what these have for it.
  if (from === 'cli' && /^src\/sources\/[^/]+\/operator\//.test(target)) return undefined
  return from !== undefined && to !== undefined && from !== to ? `${path} imports another entry: ${target}` : undefined
}

/** Imports that go up or sideways, and packages that do not belong in a folder. */
const importViolations = (path: string, text: string): readonly Violation[] => {
  const layer = layerOf(path)
  if (layer === undefined) return [`${path} is in no folder of the list`]
  return importsOf(mask(text))
    .map((found) => (found.specifier.startsWith('.') ? fileViolation : packageViolation)(path, layer, found))
    .filter((violation) => violation !== undefined)
}

/** Circles of files that import each other, type-only imports included: each as its files, sorted. */
export const importCycles = (files: ReadonlyMap<string, string>): readonly (readonly string[])[] => {
  const targets = new Map(
    [...files].map(([path, text]) => [
      path,
      importsOf(mask(text))
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => posix.join(posix.dirname(path), specifier))
        .filter((target) => files.has(target)),
    ]),
  )
  const reachedFrom = (start: string): ReadonlySet<string> => {
    const reached = new Set<string>()
    const queue = [...(targets.get(start) ?? [])]
    for (const path of queue) {
      if (reached.has(path)) continue
      reached.add(path)
      queue.push(...(targets.get(path) ?? []))
    }
    return reached
  }
  const reached = new Map([...targets.keys()].map((path) => [path, reachedFrom(path)]))
  const circles = new Map<string, readonly string[]>()
  for (const [path, others] of reached) {
    if (!others.has(path)) continue
    const circle = [...others].filter((other) => reached.get(other)?.has(path)).sort()
    circles.set(circle.join(), circle)
  }
  return [...circles.values()]
}

const MAX_FILES = 15

/** Folders of `src` that hold more files than a reader can keep in mind, and loose files. */
export const hallViolations = (paths: readonly string[]): readonly Violation[] => {
  const counts = new Map<string, number>()
  for (const path of paths) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1)
  const halls = [...counts].filter(([, files]) => files > MAX_FILES)
  return [
    ...halls.map(([folder, files]) => `${folder} has ${files} files, more than ${MAX_FILES}`),
    ...paths
      .filter((path) => /^src\/[^/]+$/.test(path) && path !== 'src/index.ts')
      .map((path) => `${path} lies loose in src`),
  ]
}

interface GlobalsRule {
  readonly appliesTo: (path: string) => boolean
  readonly globals: RegExp
}

const unowned = String.raw`(?<![.\w$])(?<!\bfunction\s)`

/** The one file that puts the global timers on a virtual clock, and so must name them. */
const replacesGlobals = (path: string): boolean => path === 'src/testing/simulate/play/globals/virtual-globals.ts'

const globalsRules: readonly GlobalsRule[] = [
  {
    // A chart decides; what it decides on comes in as an event or an input.
    appliesTo: (path) => path.startsWith('machines/'),
    globals: new RegExp(
      String.raw`${unowned}(?:Math\s*\.\s*random|(?:Date|setTimeout|setInterval|setImmediate|queueMicrotask|performance|process|crypto|globalThis|console|fetch)\b(?!\s*\??:))`,
      'g',
    ),
  },
  {
    // Time comes from the injected clock, or simulations and deadlines fall apart.
    appliesTo: (path) => path.startsWith('src/') && path !== 'src/api/clock.ts',
    globals: new RegExp(
      String.raw`${unowned}(?:(?:setTimeout|setInterval)\b(?!\s*\??:)|Date\s*\.\s*now|new\s+Date\s*\(\s*\)|performance\s*\.\s*now|AbortSignal\s*\.\s*timeout)`,
      'g',
    ),
  },
]

/** Clocks, chance and the process in places that must get them injected. */
const globalViolations = (path: string, text: string): readonly Violation[] => {
  const rules = globalsRules.filter(({ appliesTo }) => appliesTo(path))
  if (rules.length === 0) return []
  const masked = mask(text)
  const timerModules = importsOf(masked).filter(
    ({ specifier }) => path.startsWith('src/') && !replacesGlobals(path) && /^node:(timers|perf_hooks)/.test(specifier),
  )
  return [
    ...rules.flatMap(({ globals }) =>
      [...masked.bare.matchAll(globals)].map(([found]) => `${path} uses ${found.replace(/\s+/g, ' ')}`),
    ),
    ...timerModules.map(({ specifier }) => `${path} imports ${specifier}; time comes from the injected clock`),
  ]
}

const MAX_LINES = 250

/** Files that are too long or whose name says nothing. */
const shapeViolations = (path: string, text: string): readonly Violation[] => {
  const found: Violation[] = []
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  const held = path.startsWith('src/') || path.startsWith('machines/')
  if (held && lines > MAX_LINES) found.push(`${path} has ${lines} lines, more than ${MAX_LINES}`)
  if (held && /(^|\/|-)(utils?|helpers?|common|misc)(\.|-|\/)/.test(path))
    found.push(`${path} has a name that says nothing`)
  if (!path.split('/').every((part) => /^@?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part))) {
    found.push(`${path} is not in kebab-case`)
  }
  return found
}

/** The main entry names what it exports: a star would publish whatever a file happens to export. */
const entryViolations = (path: string, text: string): readonly Violation[] =>
  path === 'src/index.ts' && /\bexport\s*(type\s*)?\*/.test(mask(text).bare) ? [`${path} has an export *`] : []

/** Every rule for one file. */
export const violations = (path: string, text: string): readonly Violation[] =>
  [importViolations, globalViolations, shapeViolations, entryViolations].flatMap((rule) => rule(path, text))
