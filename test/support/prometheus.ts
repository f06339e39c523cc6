import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { unpackPackages } from './debian-packages.ts'
import { freePorts } from './etcd-process.ts'

const run = promisify(execFile)

const cacheFolder = fileURLToPath(new URL('../../.cache/prometheus/', import.meta.url))
const START_MS = 60_000

type Program = 'prometheus' | 'promtool'

const works = (path: string): Promise<boolean> =>
  run(path, ['--version']).then(
    () => true,
    () => false,
  )

/** Finds a real Prometheus: in the PATH, the cache, or Debian's package, which it unpacks into the cache. */
const findPrometheus = async (program: Program): Promise<string> => {
  if (await works(program)) return program
  const root = join(cacheFolder, 'root')
  const unpacked = join(root, 'usr', 'bin', program)
  if (await works(unpacked)) return unpacked
  await mkdir(cacheFolder, { recursive: true })
  const folder = await mkdtemp(join(cacheFolder, 'unpack-'))
  try {
    // Another test file may have been faster.
    await rename(await unpackPackages(folder, ['prometheus']), root).catch(() => access(root))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  if (!(await works(unpacked))) throw new Error('Debian’s prometheus does not run here; install prometheus')
  return unpacked
}

/** Runs promtool with a text as its input; resolves with what it says and whether it is content. */
export const promtool = async (
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number | null; readonly output: string }> => {
  const child = spawn(await findPrometheus('promtool'), args)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

export interface PrometheusOptions {
  /** The port of 127.0.0.1 to scrape. */
  readonly target: number
  /** The text of a file of alert rules. */
  readonly rules: string
}

/** A value of an answer, with its labels. */
export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [time: number, value: string]
}

/** A real Prometheus that scrapes one target, and evaluates its rules, four times a second. */
export class Prometheus {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #url: string

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child
    this.#folder = folder
    this.#url = url
  }

  static async start({ target, rules }: PrometheusOptions): Promise<Prometheus> {
    const program = await findPrometheus('prometheus')
    const folder = await mkdtemp(join(tmpdir(), 'changeover-prometheus-'))
    const [port = 0] = await freePorts(1)
    await writeFile(join(folder, 'rules.yml'), rules)
    await writeFile(join(folder, 'prometheus.yml'), configOf(target))
    const child = spawn(
      program,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    )
    const server = new Prometheus(child, folder, `http://127.0.0.1:${port}`)
    const until = Date.now() + START_MS
    while (!(await server.#isReady())) {
      if (child.exitCode !== null || Date.now() > until) {
        await server.stop()
        throw new Error('Prometheus does not start')
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return server
  }

  /** Runs an instant query; rejects with what Prometheus says of a query that it does not understand. */
  async query(query: string): Promise<readonly QueryResult[]> {
    const answer = await this.#ask<{ result: readonly QueryResult[] }>(`query?${new URLSearchParams({ query })}`)
    return answer.result
  }

  /** The names of the alerts that fire. */
  async firing(): Promise<readonly string[]> {
    interface Alert {
      readonly state: string
      readonly labels: { readonly alertname: string }
    }
    const { alerts } = await this.#ask<{ alerts: readonly Alert[] }>('alerts')
    return [...new Set(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname))].sort()
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const exited = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await exited
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #ask<Data>(path: string): Promise<Data> {
    const response = await fetch(`${this.#url}/api/v1/${path}`)
    const answer = (await response.json()) as { status: string; error?: string; data: Data }
    if (answer.status !== 'success') throw new Error(answer.error)
    return answer.data
  }

  #isReady(): Promise<boolean> {
    return fetch(`${this.#url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  }
}

const configOf = (target: number): string => `
global: { scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms }
rule_files: [rules.yml]
scrape_configs:
  - job_name: shop
    static_configs: [{ targets: ['127.0.0.1:${target}'] }]
`
