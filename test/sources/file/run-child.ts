import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('./child.ts', import.meta.url))

/** What a child process printed, and how it ended. */
export interface ChildResult {
  readonly code: number | null
  readonly lines: readonly unknown[]
}

/** Runs a task of `child.ts` in a process of its own, until that ends by itself. */
export const runChild = (
  task: 'read' | 'watch' | 'abort' | 'close' | 'exhausted',
  path: string,
  onLine: (line: unknown) => void = () => undefined,
): Promise<ChildResult> =>
  new Promise((resolve, reject) => {
    const lines: unknown[] = []
    const command = ['-c', 'ulimit -n 256; exec "$@"', 'sh', process.execPath, '--import', 'tsx', script, task, path]
    const child = spawn('sh', command, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000, killSignal: 'SIGKILL' })
    createInterface(child.stdout).on('line', (text) => {
      const line: unknown = JSON.parse(text)
      lines.push(line)
      onLine(line)
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, lines }))
  })
