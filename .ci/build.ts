// Builds what is published: the declarations by tsc, the code as a bundle.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle } from './bundle.ts'
import { runProgram } from './npm.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

await rm(dist, { recursive: true, force: true })
await runProgram(process.execPath, [compiler, '-p', join('.ci', 'tsconfig.build.json')], root)
await bundle(root, dist)
