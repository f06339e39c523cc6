import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'
import type { Metafile, Plugin } from 'esbuild'

type Modules = ReadonlySet<string>

/** For each module that is loaded on its own, the modules that it shall import besides. */
export type AddedImports = ReadonlyMap<string, Modules>

/**
 * Chooses what the entries of a package, and what they load when they need it, import besides, so that few chunks are made.
 * esbuild makes a chunk for each set of entries that share something, and each file costs a millisecond to load.
 *
 * - The library's entries import all that its main one shares and that loads no package, and what they share with the command.
 *   One that runs a machine imports all of the main one.
 * - What is loaded later imports all that is loaded by then, which costs nothing.
 * - The command imports the small ones of what the library shares, which cost less than a file. It does little, and its start is
 *   most of its time (bench: command).
 */
export const addedImports = (metafile: Metafile, main: string, commands: readonly string[]): AddedImports => {
  const graph = new Graph(metafile)
  const isCommand = (entry: string): boolean => commands.includes(entry)
  const library = graph.entries.filter((entry) => !isCommand(entry))
  const ofLibrary = new Set(library.flatMap((entry) => [...graph.loadedBy(entry)]))
  const shared = [...commands.flatMap((entry) => [...graph.loadedBy(entry)])].filter(
    (path) => ofLibrary.has(path) && !graph.needsPackage(path),
  )
  const common = new Set([...graph.sharedBy(main), ...shared])
  const whole = new Set([...common, ...graph.loadedBy(main)].filter((path) => path !== main))
  const small = new Set([...common].filter((path) => graph.sizeOf(path) <= SMALL))
  const added = new Map<string, Modules>([
    ...library.map((entry) => [entry, runsMachines(graph, entry, main) ? whole : common] as const),
    ...commands.map((entry) => [entry, small] as const),
  ])
  const loaded = (entry: string): Modules => new Set([...graph.loadedBy(entry), ...(added.get(entry) ?? [])])
  // Something that is loaded later may itself load something later.
  for (const _ of graph.later) {
    for (const entry of graph.later) {
      const [first, ...rest] = graph.loadersOf(entry).map(loaded)
      const byAll = [...(first ?? [])].filter((path) => rest.every((other) => other.has(path)))
      added.set(entry, new Set(byAll.filter((path) => path !== entry && !graph.entries.includes(path))))
    }
  }
  return added
}

/** Bytes of a module in a chunk. */
const SMALL = 2_000

/** Whether an entry shares something with the main one that loads a package, beside what is in its own folder. */
const runsMachines = (graph: Graph, entry: string, main: string): boolean => {
  const ofMain = graph.loadedBy(main)
  const shared = [...graph.loadedBy(entry)].filter((path) => ofMain.has(path) && !path.startsWith(`${dirname(entry)}/`))
  return entry !== main && shared.some((path) => graph.needsPackage(path))
}

/** Makes modules import others. */
export const withImports = (root: string, added: AddedImports): Plugin => ({
  name: 'with-imports',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const modules = added.get(relative(root, path).replaceAll('\\', '/'))
      if (modules === undefined) return undefined
      const specifiers = [...modules].map((one) => relative(dirname(path), join(root, one)).replaceAll('\\', '/'))
      const lines = specifiers.map((specifier) => `import './${specifier}'\n`)
      return { loader: 'ts', contents: `${await readFile(path, 'utf8')}${lines.join('')}` }
    }),
})

/** What loads what, by a build. */
class Graph {
  /** What users import or run. */
  readonly entries: readonly string[]
  /** What is imported when it is needed. */
  readonly later: readonly string[]
  readonly #inputs: Metafile['inputs']
  readonly #outputs: Metafile['outputs']
  /** The output of each entry, and of what is loaded later. */
  readonly #own: ReadonlyMap<string, string>

  constructor({ inputs, outputs }: Metafile) {
    this.#inputs = inputs
    this.#outputs = outputs
    this.#own = new Map(
      Object.entries(outputs).flatMap(([path, { entryPoint }]) =>
        entryPoint === undefined ? [] : [[entryPoint, path]],
      ),
    )
    const imported = new Set(Object.values(outputs).flatMap(({ imports }) => pathsOf(imports, 'dynamic-import')))
    const all = [...this.#own]
    this.entries = all.flatMap(([entry, path]) => (imported.has(path) ? [] : entry))
    this.later = all.flatMap(([entry, path]) => (imported.has(path) ? entry : []))
  }

  /** The modules that are loaded at once. */
  loadedBy(entry: string): Modules {
    return new Set(this.#chunksOf(entry).flatMap((path) => Object.keys(this.#outputs[path]?.inputs ?? {})))
  }

  /** The modules in chunks that an entry imports itself and that load no package. */
  sharedBy(entry: string): readonly string[] {
    return pathsOf(this.#outputs[this.#own.get(entry) ?? '']?.imports ?? [], 'import-statement').flatMap((path) => {
      const chunk = this.#outputs[path]
      const loadsPackages = chunk === undefined || chunk.imports.some(({ external }) => external === true)
      return loadsPackages ? [] : Object.keys(chunk.inputs)
    })
  }

  /** True if a module imports a package, itself or by others, at once or later: a user's bundler would look for it. */
  needsPackage(module: string): boolean {
    const modules = new Set([module])
    for (const path of modules) {
      for (const { path: next, external } of this.#inputs[path]?.imports ?? []) {
        if (external !== true) modules.add(next)
        else if (!isBuiltin(next)) return true
      }
    }
    return false
  }

  /** The bytes of a module in its chunk. */
  sizeOf(module: string): number {
    const owner = Object.values(this.#outputs).find(({ inputs }) => module in inputs)
    return owner?.inputs[module]?.bytesInOutput ?? 0
  }

  /** The others that load this one, at once or later. */
  loadersOf(entry: string): readonly string[] {
    const own = this.#own.get(entry) ?? ''
    return [...this.#own.keys()].filter((other) => {
      const laterOf = (path: string): readonly string[] => pathsOf(this.#outputs[path]?.imports ?? [], 'dynamic-import')
      const isLater = this.#chunksOf(other).some((path) => laterOf(path).includes(own))
      return isLater || (other !== entry && this.loadedBy(other).has(entry))
    })
  }

  #chunksOf(entry: string): readonly string[] {
    const chunks = new Set([this.#own.get(entry) ?? ''])
    // A set also yields what is added meanwhile.
    for (const path of chunks) {
      for (const next of pathsOf(this.#outputs[path]?.imports ?? [], 'import-statement')) chunks.add(next)
    }
    return [...chunks]
  }
}

type Imports = Metafile['outputs'][string]['imports']

const pathsOf = (imports: Imports, kind: 'import-statement' | 'dynamic-import'): readonly string[] =>
  imports.flatMap((one) => (one.kind === kind && one.external !== true ? one.path : []))
