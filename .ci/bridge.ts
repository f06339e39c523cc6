import { readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { Plugin } from 'esbuild'

/** Below it etcd3 is imported, since only one entry needs it. The files that stand for it lie there too. */
const folder = join('src', 'sources', 'etcd')

/** The values, not the types, that a source file imports from etcd3. */
const importedNames = (text: string): readonly string[] =>
  [...text.matchAll(/^import \{([^}]*)\} from 'etcd3'/gm)]
    .flatMap(([, names = '']) => names.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '))

export interface Bridge {
  readonly plugin: Plugin
  /** The files that stand for etcd3 after a build, by their paths in `dist`. */
  readonly files: () => readonly { readonly path: string; readonly text: string }[]
}

/**
 * Before it loads CommonJS for an `import`, Node reads all its files once more to learn what they export: a seventh of the
 * time that a process with etcd3 needs to start (bench: import). So `imports` in package.json leads Node to a file that
 * names the exports and requires etcd3, and bundlers to a module that imports it, which they understand in every format.
 */
export const createBridge = (): Bridge => {
  const names = new Set<string>()
  return {
    plugin: {
      name: 'bridge',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^etcd3$/ }, async ({ importer }) => {
          if (!importer.includes(join(folder, sep))) throw new Error(`${importer} may not import etcd3`)
          for (const name of importedNames(await readFile(importer, 'utf8'))) names.add(name)
          return { path: '#etcd3', external: true }
        }),
    },
    files: () => bridgeFiles([...names].sort()),
  }
}

const bridgeFiles = (names: readonly string[]) => [
  {
    path: join(folder, 'etcd3.cjs'),
    text: `'use strict'\nconst all = require('etcd3')\n${names.map((name) => `exports.${name} = all.${name}\n`).join('')}`,
  },
  {
    path: join(folder, 'etcd3.js'),
    // Tools that trace which files a service needs read this one, although Node loads the other; so it names that one.
    text: `export { ${names.join(', ')} } from 'etcd3'\nexport const traced = () => import.meta.resolve('./etcd3.cjs')\n`,
  },
]
