import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Metafile, Plugin } from 'esbuild'

/**
 * The modules of small chunks: those that an entry shares with others and that load no package. esbuild makes a chunk for
 * each set of entries that share something, and each file costs a millisecond to load.
 */
export const commonModules = ({ outputs }: Metafile, entry: string): readonly string[] => {
  const [main] = Object.values(outputs).filter(({ entryPoint }) => entryPoint === entry)
  return (main?.imports ?? []).flatMap(({ path }) => {
    const chunk = outputs[path]
    const loadsPackages = chunk === undefined || chunk.imports.some(({ external }) => external === true)
    return loadsPackages ? [] : Object.keys(chunk.inputs)
  })
}

/** Makes every entry import these modules, so that all of them are shared by the same entries, which is one chunk. */
export const inOneChunk = (root: string, modules: readonly string[], entries: readonly string[]): Plugin => {
  const paths = entries.map((entry) => join(root, entry))
  return {
    name: 'in-one-chunk',
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!paths.includes(path)) return undefined
        const imports = modules.map((module) => relative(dirname(path), join(root, module)).replaceAll('\\', '/'))
        const lines = imports.map((specifier) => `import './${specifier}'\n`)
        return { loader: 'ts', contents: `${await readFile(path, 'utf8')}${lines.join('')}` }
      }),
  }
}
