import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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
