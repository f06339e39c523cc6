import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { afterAll, beforeAll } from 'vitest'
import { root } from '../architecture/project.ts'

/** Lets each source file know where it stands, although its code stands in the bundle. */
const ownPlaces: Plugin = {
  name: 'own-places',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const contents = text
        .replaceAll(/\bimport\.meta\.url\b/g, JSON.stringify(pathToFileURL(path).href))
        .replaceAll(/\bimport\.meta\.dirname\b/g, JSON.stringify(dirname(path)))
      return { contents, loader: 'ts' }
    }),
}

/**
 * Bundles a program that the tests of a file start as a process: Node starts the bundle in a fifth of the time that it
 * needs to compile a hundred files on import. Returns a function that returns the path to run. The bundle lies in the
 * project, where packages are found, from before the first test until after the last. Call it outside of tests. A program
 * that is a text, not a file, imports as if it stood in the project's folder.
 */
export const useBundle = (program: URL | string): (() => string) => {
  const entry: BuildOptions =
    typeof program === 'string'
      ? { stdin: { contents: program, resolveDir: root, loader: 'ts' } }
      : { entryPoints: [fileURLToPath(program)] }
  let folder = ''
  beforeAll(async () => {
    await mkdir(join(root, '.cache'), { recursive: true })
    folder = await mkdtemp(join(root, '.cache', 'program-'))
    await build({
      absWorkingDir: root,
      ...entry,
      outfile: join(folder, 'program.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      packages: 'external',
      charset: 'ascii',
      logLevel: 'warning',
      plugins: [ownPlaces],
    })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return () => join(folder, 'program.mjs')
}
