import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../.ci/bundle.ts'
import { run } from '../../src/cli/run.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** How a command has ended. */
export interface Ended {
  readonly exit: number | null
  readonly out: string
  readonly err: string
}

export interface CallOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** True if the input is that of a terminal. */
  readonly isTerminal?: boolean
}

const unnamed = { CHANGEOVER_PASSWORD: '' }

/** Runs a command line in this process: what a process would do, without its start. */
export const call = async (
  argv: readonly string[],
  { cwd, env = {}, input = '', isTerminal = false }: CallOptions,
): Promise<Ended> => {
  const written = { out: '', err: '' }
  const stream = (name: 'out' | 'err') => ({
    write: (text: string) => {
      written[name] += text
    },
  })
  const io = {
    stdout: stream('out'),
    stderr: { ...stream('err'), isTTY: isTerminal },
    stdin: Object.assign(Readable.from([Buffer.from(input)]), { isTTY: isTerminal }) as unknown as NodeJS.ReadStream,
    env: { ...unnamed, ...env },
    cwd,
  }
  const exit = await run(argv, io, new AbortController().signal)
  return { exit, ...written }
}

/** The one object that `--json` has printed. */
export const jsonOf = ({ out }: Ended): Record<string, unknown> & { readonly schema: number } => {
  const lines = out.trim().split('\n')
  if (lines.length !== 1) throw new Error(`not one object:\n${out}`)
  return JSON.parse(lines[0] ?? '') as ReturnType<typeof jsonOf>
}

/** A folder in the project, so that imports find its packages; `config` becomes changeover.config.mjs. */
export const makeFolder = async (config?: string): Promise<string> => {
  await mkdir(join(root, '.cache'), { recursive: true })
  const folder = await mkdtemp(join(root, '.cache', 'cli-'))
  if (config !== undefined) await writeFile(join(folder, 'changeover.config.mjs'), config)
  return folder
}

/** Builds the package into a folder, and returns the path of the command. */
export const buildCommand = async (folder: string): Promise<string> => {
  const package_ = join(folder, 'node_modules', 'changeover')
  await mkdir(package_, { recursive: true })
  await cp(join(root, 'package.json'), join(package_, 'package.json'))
  await bundle(root, join(package_, 'dist'))
  return join(package_, 'dist', 'src', 'cli', 'main.js')
}

/** Runs the built command as a process. */
export const runProcess = (command: string, argv: readonly string[], options: CallOptions): Promise<Ended> =>
  runProgram(process.execPath, [command, ...argv], options)

/** Runs a program as a process. */
export const runProgram = (
  program: string,
  argv: readonly string[],
  { cwd, env = {}, input = '' }: CallOptions,
): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, ...env }, encoding: 'utf8' } as const
    const child = execFile(program, argv, options, (_, out, err) => resolve({ exit: child.exitCode, out, err }))
    child.stdin?.end(input)
  })

/** Runs the built command in a pseudo-terminal, by `script` of util-linux, and answers what it asks. */
export const runInTerminal = async (
  command: string,
  argv: readonly string[],
  { cwd, env = {} }: CallOptions,
  answers: readonly (readonly [question: RegExp, answer: string])[],
): Promise<Ended> => {
  const line = [process.execPath, command, ...argv].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  // Those of whoever runs the tests say nothing of colours here.
  const { NO_COLOR: _, FORCE_COLOR: _forced, ...inherited } = process.env
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd, env: { ...inherited, TERM: 'xterm', ...env } })
  const left = [...answers]
  let [out, seen] = ['', 0]
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    const [next] = left
    if (next === undefined || !next[0].test(out.slice(seen))) return
    seen = out.length
    left.shift()
    child.stdin.write(`${next[1]}\n`)
  })
  await once(child, 'close')
  return { exit: child.exitCode, out, err: '' }
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })

/** A schema with a rule, a policy, a public path and a path that needs a restart. */
export const configOf = (source: string): string => `import { z } from 'zod'
const Config = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info']) }),
  db: z.strictObject({ max: z.int().min(1).max(40), password: z.string().min(8).optional() }),
  port: z.int().optional(),
})
export default {
  source: ${source},
  schema: Config,
  public: ['log'],
  restart: ['port'],
  policies: [
    (next, previous) => {
      if (previous !== undefined && next.db.max > 4 * previous.db.max) throw new Error('too steep')
    },
  ],
}
`

export const documentOf = (level: string, max: number): string =>
  `{\n  "log": { "level": "${level}" },\n  "db": { "max": ${max} }\n}\n`
