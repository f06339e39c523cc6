import { lazy } from '../async/lazy.ts'

/** Returns `node:fs`. An `import` of it loads Node's streams too, and most services keep no files (bench: import). */
export const fs = lazy(() => process.getBuiltinModule('node:fs'))

/** Returns `node:fs/promises`. */
export const files = (): typeof import('node:fs/promises') => fs().promises
