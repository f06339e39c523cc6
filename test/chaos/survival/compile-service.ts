import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../architecture/project.ts'
import { compileChild } from '../../persistence/children.ts'

/** Compiles a child that runs a whole service, so that hundreds of them start fast; returns the path to run. */
export const compileService = async (child: URL, into: string): Promise<string> => {
  mkdirSync(into, { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(into, 'node_modules'))
  return compileChild(child, into)
}
