import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url))
/** Its lockfile pins the tools; `npm run test:package` installs them there. */
export const toolsFolder = join(import.meta.dirname, 'tools')

/** The path of a file of a tool. */
export const toolPath = (...path: readonly string[]): string => join(toolsFolder, 'node_modules', ...path)

/** Loads a tool that is CommonJS. */
export const requireTool = createRequire(join(toolsFolder, 'package.json'))

/** A Node with which the package is tried. */
export interface NodeBinary {
  readonly name: string
  readonly path: string
}

/** The Node that runs the tests, and the others that could be installed: their packages exist for Linux on x64. */
export const nodes: readonly NodeBinary[] = [
  { name: `this Node, ${process.version}`, path: process.execPath },
  ...['node20', 'node22', 'node24'].flatMap((name) => {
    const path = toolPath(name, 'bin', 'node')
    if (!existsSync(path)) return []
    const { version } = requireTool(`${name}/package.json`) as { readonly version: string }
    return [{ name: `Node ${version}`, path }]
  }),
]
