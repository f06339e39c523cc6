import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import type { ProcessSettings, ProcessStatus } from './process-status.ts'
import { type Config, filesIn, replaceFile } from './service.ts'

const WAIT = { timeout: 120_000, interval: 5 }

/** How a process has ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/**
 * Keeps one process of the service running, as systemd or Kubernetes does: it restarts whenever it dies. `shell` runs
 * before it in the same process, and limits what the service may use.
 */
export const supervise = (program: string, settings: ProcessSettings, shell = 'ulimit -c 0', maxDeaths = 20) => {
  const deaths: Ended[] = []
  const pids: number[] = []
  const codes: string[] = []
  const errors: string[] = []
  const seen: ProcessStatus[] = []
  let status: ProcessStatus | undefined
  let complaints = ''
  let isStopping = false
  let child: ChildProcess

  const start = (): void => {
    const command = `${shell}; exec "$0" "$@"`
    child = spawn('bash', ['-c', command, process.execPath, program, JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    pids.push(child.pid ?? 0)
    let rest = ''
    let known = { codes: 0, errors: 0 }
    child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        status = JSON.parse(line) as ProcessStatus
        seen.push(status)
        codes.push(...status.codes.slice(known.codes))
        errors.push(...status.errors.slice(known.errors))
        known = { codes: status.codes.length, errors: status.errors.length }
      }
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints += chunk.toString()
    })
    child.once('close', (code, signal) => {
      if (isStopping) return
      deaths.push({ code, signal })
      status = undefined
      // Stops an endless loop of restarts.
      if (deaths.length < maxDeaths) start()
    })
  }
  start()

  return {
    deaths,
    pids,
    /** The codes of everything that was logged as a warning or an error, in all processes. */
    codes,
    errors,
    /** Everything that the processes have reported, in order. */
    seen,
    /** Resolves when a process reports this status. */
    until: (wanted: Partial<ProcessStatus>): Promise<ProcessStatus> =>
      vi.waitFor(() => {
        expect(status, complaints).toMatchObject(wanted)
        return status as ProcessStatus
      }, WAIT),
    /** The status of the process that runs, if it has reported one. */
    get status(): ProcessStatus | undefined {
      return status
    },
    /** Ends the process, which is started again. */
    restart: (signal: 'SIGKILL' | 'SIGTERM'): void => void child.kill(signal),
    /** Sends SIGTERM, on which the service closes. */
    stop: (): Promise<Ended> => {
      isStopping = true
      if (child.exitCode !== null || child.signalCode !== null) {
        return Promise.resolve({ code: child.exitCode, signal: child.signalCode })
      }
      return new Promise((resolve) => {
        child.once('close', (code, signal) => resolve({ code, signal }))
        child.kill('SIGTERM')
      })
    },
    get pid(): number {
      return pids.at(-1) ?? 0
    },
  }
}

/** Supervises a service until the test ends. */
export const superviseInTest = (...given: Parameters<typeof supervise>): ReturnType<typeof supervise> => {
  const service = supervise(...given)
  onTestFinished(async () => void (await service.stop()))
  return service
}

/** Makes the folders of a service, and returns the function that replaces its document. */
export const publisher = (folder: string): ((config: Config) => void) => {
  const { document, goodFile, effects } = filesIn(folder)
  for (const file of [goodFile, effects]) mkdirSync(dirname(file), { recursive: true })
  return (config) => replaceFile(document, JSON.stringify(config))
}
