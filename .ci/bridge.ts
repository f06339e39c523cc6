import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Plugin } from 'esbuild'

const require = createRequire(import.meta.url)

/** Packages whose exports are scattered over many CommonJS files. */
const packages = ['etcd3', 'cockatiel']
/** Where they are imported, beside the only entry that needs them. */
const folder = 'src/sources/etcd'

const isName = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default'

const textOf = (name: string): string => {
  const names = Object.keys(require(name) as object).filter(isName)
  return `'use strict'\nconst all = require('${name}')\n${names.map((one) => `exports.${one} = all.${one}\n`).join('')}`
}

/**
 * Before it loads CommonJS for an `import`, Node reads all its files once more to learn what they export: a tenth of the
 * time that a process with etcd3 needs to start. So a file of ours stands between, which names the exports and requires
 * the package. Bundlers follow it as they follow an import.
 */
export const bridge: Plugin = {
  name: 'bridge',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[a-z]/ }, ({ path, importer, kind }) =>
      kind === 'import-statement' && packages.includes(path) && dirname(importer).endsWith(join(folder))
        ? { path: `./${path}.cjs`, external: true }
        : undefined,
    ),
}

/** The files between, by their paths in `dist`. */
export const bridges = (): readonly { readonly path: string; readonly text: string }[] =>
  packages.map((name) => ({ path: `${folder}/${name}.cjs`, text: textOf(name) }))
