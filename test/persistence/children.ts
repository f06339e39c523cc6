import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { root } from '../architecture/project.ts'

/** A folder of the test's own, removed with all that is in it. */
export const ownFolder = (): {
  readonly folder: string
  readonly make: (name: string) => string
  readonly remove: () => void
} => {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-keeper-'))
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

/** Compiles a child once, so that each of hundreds starts as fast as Node does. The path of what runs. */
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

/** How a child has ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The lines of its output. */
  readonly lines: readonly string[]
  readonly complaints: string
}

/** Runs a process to its end. `meanwhile` is called with each part of its output; the first true ends its input. */
export const runChild = (
  command: string,
  args: readonly string[],
  meanwhile: (output: string, pid: number) => boolean = () => true,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.on('error', () => {}) // it may have ended before
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

/** Runs tasks, a few of them at one time. */
export const inTurns = async <T>(tasks: readonly T[], run: (task: T) => Promise<void>): Promise<void> => {
  const left = [...tasks]
  const work = async (): Promise<void> => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) await run(task)
  }
  await Promise.all([work(), work(), work()])
}
