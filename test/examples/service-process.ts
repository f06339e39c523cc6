import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** How long a test of an example may take. It takes seconds on a machine that does nothing else. */
export const PATIENT_MS = 300_000
/** For waits within a test. */
export const limits = { timeout: PATIENT_MS / 3, interval: 50 }

/** The answer to `GET /`. */
export interface LiveValues {
  readonly log: { readonly level: string }
  readonly cache: { readonly intervalMs: number; readonly ageMs: number; readonly rows: number }
  readonly pool: { readonly max: number }
}

/** An example as a process of its own. */
export interface ExampleProcess {
  readonly child: ChildProcess
  /** Everything that it has written so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves with its exit code when it has ended; null if a signal has ended it. */
  readonly exited: Promise<number | null>
}

/**
 * Starts `examples/service/<program>` as the README says, or the bundle at an absolute path. It is killed at the end of the
 * test, if it still runs.
 */
export const startExample = (program: string, env: NodeJS.ProcessEnv): ExampleProcess => {
  const { DATABASE_URL, ETCD_HOSTS, ETCD_KEY, PORT, CONFIG_FILE, ...inherited } = process.env
  const args = isAbsolute(program) ? [program] : ['--import', 'tsx', join('examples/service', program)]
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const exited = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return { child, stdout: () => output.stdout, stderr: () => output.stderr, exited }
}

export interface ServiceProcess extends ExampleProcess {
  readonly url: string
  readonly get: (path: string) => Promise<string>
  readonly values: () => Promise<LiveValues>
}

/** Starts the service, or the bundle of it, and waits until it serves. */
export const startService = async (env: NodeJS.ProcessEnv, program = 'main.ts'): Promise<ServiceProcess> => {
  const example = startExample(program, env)
  const url = await vi.waitFor(() => {
    const found = /Serving on (http:\S+)\. /.exec(example.stdout())?.[1]
    if (found === undefined) throw new Error(`The service does not serve.\n${example.stdout()}\n${example.stderr()}`)
    return found
  }, limits)
  const get = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text()
  return { ...example, url, get, values: async () => JSON.parse(await get('/')) as LiveValues }
}

/** Waits until the service serves these values, all at once. */
export const untilServing = (service: ServiceProcess, level: string, intervalMs: number, max: number) =>
  vi.waitFor(async () => {
    const { log, cache, pool } = await service.values()
    if (log.level !== level || cache.intervalMs !== intervalMs || pool.max !== max) {
      throw new Error(`The service serves ${log.level}, ${cache.intervalMs}, ${pool.max}`)
    }
  }, limits)

/** Makes a folder that is removed at the end of the test. PostgreSQL may use it under another account. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'changeover-example-'))
  await chmod(folder, 0o777)
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Lists a folder of `TMPDIR`, without the files of tsx. */
export const entriesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => !name.startsWith('tsx-'))

/** Replaces a config file atomically. */
export const writeConfig = async (path: string, config: unknown): Promise<void> => {
  await writeFile(`${path}.new`, typeof config === 'string' ? config : JSON.stringify(config))
  await rename(`${path}.new`, path)
}

export const configOf = (level: string, intervalMs: number, max: number, password?: string) => ({
  log: { level },
  cache: { intervalMs },
  db: { max, ...(password === undefined ? {} : { password }) },
})
