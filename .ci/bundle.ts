import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { build, type BuildOptions, type Metafile } from 'esbuild'
import { createBridge } from './bridge.ts'
import { addedImports, withImports } from './common-chunk.ts'
import { entriesOf, type Manifest } from './package-content.ts'

/** Chunks are named after their largest module; these after what they are. */
const titles: Readonly<Record<string, string>> = {
  'src/reloader/reloader.ts': 'core',
  'src/model/failure.ts': 'common',
  'machines/reload/machine.ts': 'machines',
}

type Inputs = Metafile['outputs'][string]['inputs']

/** The names that a chunk may have, the best first: those above, and its modules, the largest first. */
const titlesOf = (inputs: Inputs): readonly string[] => {
  const known = Object.keys(inputs).flatMap((path) => titles[path] ?? [])
  const bySize = Object.entries(inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
  return [...known, ...bySize.map(([path]) => basename(path, '.ts'))]
}

/** What esbuild calls a chunk, a hash, beside the name that it gets: it is read in stack traces. */
const chunkNames = ({ outputs }: Metafile): ReadonlyMap<string, string> => {
  const chunks = Object.entries(outputs).flatMap(([path, { inputs }]) => {
    const [, name] = /\/chunks\/([\w-]+)-[A-Z0-9]{8}\.js$/.exec(path) ?? []
    // A chunk that is imported when it is needed has the name of its file already.
    return name === undefined ? [] : { path, wanted: name === 'chunk' ? titlesOf(inputs) : [name] }
  })
  const names = new Map<string, string>()
  // Those that can have one name only choose first.
  for (const { path, wanted } of chunks.sort((one, other) => one.wanted.length - other.wanted.length)) {
    const title = wanted.find((name) => ![...names.values()].includes(name))
    if (title === undefined) throw new Error(`two chunks would be called ${wanted[0]}`)
    names.set(basename(path, '.js'), title)
  }
  return names
}

/**
 * Bundles the package's entries into a folder. What they share is in chunks, each of them once, so that a class is the
 * same class through every entry. A few files load in two thirds of the time of a hundred. Names are kept as they are,
 * and source maps lead back to the sources.
 */
export const bundle = async (root: string, into: string): Promise<void> => {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
  const sourceOf = (path: string): string => path.replace(/^(?:\.\/)?dist\//, '').replace(/\.js$/, '.ts')
  const entries = entriesOf(manifest).map(sourceOf)
  const options = {
    absWorkingDir: root,
    entryPoints: [...entries],
    outbase: root,
    outdir: into,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    chunkNames: 'chunks/[name]-[hash]',
    // One character beyond Latin makes Node keep a whole file in two bytes each, which takes longer to compile.
    charset: 'ascii',
    // A module that imports what it does not use: see withImports.
    logOverride: { 'ignored-bare-import': 'silent' },
    metafile: true,
    write: false,
  } satisfies BuildOptions
  const apart = await build(options)
  const added = addedImports(apart.metafile, 'src/index.ts', Object.values(manifest.bin ?? {}).map(sourceOf))
  const bridge = createBridge()
  const { metafile, outputFiles } = await build({
    ...options,
    sourcemap: true,
    plugins: [bridge.plugin, withImports(root, added)],
  })
  const names = chunkNames(metafile)
  const rename = (text: string): string => text.replace(/\b[\w-]+-[A-Z0-9]{8}\b/g, (name) => names.get(name) ?? name)
  const files = [
    // A map holds the sources, which know no chunk.
    ...outputFiles.map(({ path, text }) => ({ path, text: path.endsWith('.map') ? text : rename(text) })),
    ...bridge.files().map(({ path, text }) => ({ path: join(into, path), text })),
  ]
  for (const { path, text } of files) {
    const target = join(dirname(path), rename(basename(path)))
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text)
  }
  for (const path of Object.values(manifest.bin ?? {})) await chmod(join(into, path.replace(/^dist\//, '')), 0o755)
}
