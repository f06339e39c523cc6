import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { root } from '../architecture/project.ts'

/** Makes a temporary folder for the test; `remove` removes it with everything in it. */
export const ownFolder = (): {
  readonly folder: string
  readonly make: (name: string) => string
  readonly remove: () => void
} => {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-'))
  return {
    folder,
    make: (name) => {
      const made = join(folder, name)
      mkdirSync(made)
      return made
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Compiles a child once, so that hundreds of them start as fast as Node does. Resolves with the path to run. */
export const compileChild = async (child: URL, into: string): Promise<string> => {
  const source = fileURLToPath(child)
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const options =
    '--ignoreConfig --noCheck --module nodenext --target es2022 --rewriteRelativeImportExtensions --types node'
  const paths = ['--rootDir', root, '--outDir', into, source]
  await promisify(execFile)(process.execPath, [compiler, ...options.split(' '), ...paths], { cwd: root })
  writeFileSync(join(into, 'package.json'), '{"type":"module"}')
  return join(into, relative(root, source).replace(/\.ts$/, '.js'))
}

/** How a child ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly lines: readonly string[]
  readonly complaints: string
}

/** Runs a process to its end. `meanwhile` sees the output grow; its first true closes the process's input. */
export const runChild = (
  command: string,
  args: readonly string[],
  meanwhile: (output: string, pid: number) => boolean = () => true,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.on('error', () => {}) // the child may have ended before
    let output = ''
    let complaints = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (meanwhile(output, child.pid ?? 0)) child.stdin.end()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      complaints += chunk.toString()
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve({ code, signal, lines: output.split('\n').filter((line) => line !== ''), complaints })
    })
  })

/** Runs tasks, three at a time. */
export const inTurns = async <T>(tasks: readonly T[], run: (task: T) => Promise<void>): Promise<void> => {
  const left = [...tasks]
  const work = async (): Promise<void> => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) await run(task)
  }
  await Promise.all([work(), work(), work()])
}
