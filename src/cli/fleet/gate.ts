import { spawn } from 'node:child_process'
import { systemClock } from '../../api/clock.ts'
import { linkSignals } from '../../async/abort.ts'
import { sleep } from '../../async/deadline.ts'
import { changeoverError } from '../../model/failure.ts'
import type { Context } from '../context/context.ts'

const KEEP_EVERY_MS = 500

/**
 * Runs a command of the user, and keeps the rollout alive meanwhile. What it prints goes to the standard error.
 *
 * @throws ChangeoverError `fleet.gate-closed` unless it exits with 0
 */
export const runGate = async (command: string, { io, signal }: Context, keep: () => Promise<void>): Promise<void> => {
  const child = spawn(command, { shell: true, cwd: io.cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => void io.stderr.write(text))
  }
  const closed = new AbortController()
  let exit: number | null = null
  child.once('error', () => closed.abort())
  child.once('close', (code) => {
    exit = code
    closed.abort()
  })
  const { signal: ended, unlink } = linkSignals(closed.signal, signal)
  try {
    while (!ended.aborted) {
      await sleep(systemClock, KEEP_EVERY_MS, ended)
      await keep()
    }
  } finally {
    unlink()
    child.kill()
  }
  if (exit !== 0) throw changeoverError('fleet.gate-closed', { detail: `exit code ${exit ?? 'none'}` })
}
