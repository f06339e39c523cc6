import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('./child.ts', import.meta.url))

/** What a child process printed, and how it ended. */
export interface ChildResult {
  readonly code: number | null
  readonly lines: readonly unknown[]
}

/** Runs a task of `file-child.ts` in a process of its own, until it ends by itself. */
export const runChild = (
  task: 'read' | 'watch' | 'abort' | 'close' | 'exhausted',
  path: string,
  onLine: (line: unknown) => void = () => undefined,
): Promise<ChildResult> =>
  new Promise((resolve, reject) => {
    const lines: unknown[] = []
    const process_ = spawn(
      'sh',
      ['-c', 'ulimit -n 256; exec "$@"', 'sh', process.execPath, '--import', 'tsx', child, task, path],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 60_000,
        killSignal: 'SIGKILL',
      },
    )
    createInterface(process_.stdout).on('line', (text) => {
      const line: unknown = JSON.parse(text)
      lines.push(line)
      onLine(line)
    })
    process_.on('error', reject)
    process_.on('close', (code) => resolve({ code, lines }))
  })
