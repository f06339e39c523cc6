import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { useBundle } from '../../support/bundled-program.ts'

/** What a child process printed, and how it ended. */
export interface ChildResult {
  readonly code: number | null
  readonly lines: readonly unknown[]
}

export type RunChild = (
  task: 'read' | 'watch' | 'abort' | 'close' | 'exhausted',
  path: string,
  onLine?: (line: unknown) => void,
) => Promise<ChildResult>

/** Returns a function that runs a task of `child.ts` in a process of its own, until that ends by itself. Call it outside of tests. */
export const useChild = (): RunChild => {
  const program = useBundle(new URL('./child.ts', import.meta.url))
  return (task, path, onLine) => run([program(), task, path], onLine)
}

const run = (args: readonly string[], onLine: (line: unknown) => void = () => undefined): Promise<ChildResult> =>
  new Promise((resolve, reject) => {
    const lines: unknown[] = []
    const command = ['-c', 'ulimit -n 256; exec "$@"', 'sh', process.execPath, ...args]
    const child = spawn('sh', command, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000, killSignal: 'SIGKILL' })
    createInterface(child.stdout).on('line', (text) => {
      const line: unknown = JSON.parse(text)
      lines.push(line)
      onLine(line)
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, lines }))
  })
