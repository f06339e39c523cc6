let loaded: typeof import('node:fs') | undefined

/** Returns `node:fs`. An `import` of it loads Node's streams too, and most services keep no files (bench: import). */
export const fs = (): typeof import('node:fs') => {
  loaded ??= process.getBuiltinModule('node:fs')
  return loaded
}

/** Returns `node:fs/promises`. */
export const files = (): typeof import('node:fs/promises') => fs().promises
