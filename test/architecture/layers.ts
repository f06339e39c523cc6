import { posix } from 'node:path'
import { type Import, importsOf, mask, unknownImport } from './source-text.ts'

/** One broken rule, as a sentence that starts with the file. */
export type Violation = string

type Layer =
  | 'model'
  | 'machines'
  | 'core'
  | 'sources'
  | 'appliers'
  | 'testing'
  | 'inspect'
  | 'cli'
  | 'examples'
  | 'test'

interface LayerRule {
  /** The folder; `src` itself is the core, with every folder in it that is no layer of its own. */
  readonly folder: string
  /** The layers it may import besides itself. */
  readonly below: readonly Layer[]
  /** Packages and Node's modules it may import, as patterns. */
  readonly packages: RegExp
}

const core: readonly Layer[] = ['model', 'machines', 'core']
const features: readonly Layer[] = [...core, 'sources', 'appliers']
const anything = /^/

/** The layers, bottom up. `src` comes last of those in it, since it is the folder of all of them. */
const layers: Readonly<Record<Layer, LayerRule>> = {
  model: { folder: 'src/model', below: [], packages: /^node:crypto$/ },
  machines: { folder: 'machines', below: ['model'], packages: /^xstate$/ },
  sources: { folder: 'src/sources', below: core, packages: /^node:/ },
  appliers: { folder: 'src/appliers', below: core, packages: /^node:/ },
  testing: { folder: 'src/testing', below: features, packages: /^(node:|xstate$)/ },
  inspect: { folder: 'src/inspect', below: features, packages: /^(node:|xstate$)/ },
  cli: { folder: 'src/cli', below: features, packages: /^node:/ },
  core: { folder: 'src', below: ['model', 'machines'], packages: /^(node:|xstate$|p-queue$)/ },
  examples: { folder: 'examples', below: [], packages: anything },
  test: { folder: 'test', below: [...features, 'testing', 'inspect', 'cli', 'examples'], packages: anything },
}

interface PackageGrant {
  readonly files: RegExp
  readonly packages: RegExp
  readonly typesOnly?: boolean
}

/** Packages that only some files of a layer may import. */
const grants: readonly PackageGrant[] = [
  { files: /^src\/sources\/etcd\//, packages: /^(etcd3|@grpc\/.+|cockatiel)$/ },
  { files: /^src\/appliers\/pg[^/]*\.ts$/, packages: /^pg$/ },
  { files: /^src\/appliers\/log-level[^/]*\.ts$/, packages: /^pino$/, typesOnly: true },
  { files: /^src\/testing\/simulate\/(simulate|arbitrary)\.ts$/, packages: /^fast-check$/ },
]

const layerOf = (path: string): Layer | undefined =>
  (Object.keys(layers) as Layer[]).find((layer) => path.startsWith(`${layers[layer].folder}/`))

// Sources never import each other: each is an entry of its own, with dependencies of its own.
const sourceFolder = (path: string): string | undefined => /^src\/sources\/([^/]+)\//.exec(path)?.[1]

const packageViolation = (path: string, layer: Layer, { specifier, typeOnly }: Import): Violation | undefined => {
  if (specifier === unknownImport) {
    return layers[layer].packages === anything ? undefined : `${path} imports something that is not a literal`
  }
  const ownName = /^changeover(\/|$)/.test(specifier)
  if (ownName && layer !== 'examples' && layer !== 'test')
    return `${path} imports the package by its own name: ${specifier}`
  if (layers[layer].packages.test(specifier)) return undefined
  const grant = grants.find(({ files, packages }) => files.test(path) && packages.test(specifier))
  if (grant === undefined) return `${path} imports ${specifier}, which ${layer} may not`
  return grant.typesOnly && !typeOnly
    ? `${path} imports ${specifier} at run time; only its types are allowed`
    : undefined
}

const fileViolation = (path: string, layer: Layer, { specifier }: Import): Violation | undefined => {
  const target = posix.join(posix.dirname(path), specifier)
  const other = layerOf(target)
  if (other === undefined) {
    const open = layer === 'test' || target === 'package.json'
    return open ? undefined : `${path} imports ${target}, which is in no layer`
  }
  if (other !== layer)
    return layers[layer].below.includes(other) ? undefined : `${path} (${layer}) imports ${target} (${other})`
  const from = sourceFolder(path)
  const to = sourceFolder(target)
  return from !== undefined && to !== undefined && from !== to ? `${path} imports another source: ${target}` : undefined
}

/** Imports that go up or sideways, and packages that do not belong in a layer. */
const importViolations = (path: string, text: string): readonly Violation[] => {
  const layer = layerOf(path)
  if (layer === undefined) return [`${path} is in no layer`]
  return importsOf(mask(text))
    .map((found) => (found.specifier.startsWith('.') ? fileViolation : packageViolation)(path, layer, found))
    .filter((violation) => violation !== undefined)
}

interface GlobalsRule {
  readonly appliesTo: (path: string) => boolean
  readonly globals: RegExp
}

const unowned = String.raw`(?<![.\w$])(?<!\bfunction\s)`

/** The one file that puts the global timers on a virtual clock, and so must name them. */
const replacesGlobals = (path: string): boolean => path === 'src/testing/simulate/play/virtual-globals.ts'

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
  if (!path.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part))) {
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
