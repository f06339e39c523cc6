import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What npm says of a tarball that it made. */
export interface Packed {
  /** Where the tarball is. */
  readonly path: string
  /** Its content, with paths from the package's folder on. */
  readonly files: readonly string[]
}

/** Runs a program to its end and gives its stdout; rejects with its output where it fails or hangs. */
export const runProgram = async (file: string, args: readonly string[], cwd: string): Promise<string> => {
  try {
    const { stdout } = await run(file, args, {
      cwd,
      timeout: 180_000,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { stdout?: string; stderr?: string }
    throw new Error(`${message}\n${stdout ?? ''}\n${stderr ?? ''}`)
  }
}

/** Runs npm: the one that runs this process, else the one in the path. */
export const runNpm = (args: readonly string[], cwd: string): Promise<string> => {
  const running = process.env.npm_execpath
  return running !== undefined && /npm-cli\.c?js$/.test(running) && existsSync(running)
    ? runProgram(process.execPath, [running, ...args], cwd)
    : runProgram('npm', args, cwd)
}

/** Packs what is built: no script runs, so that the caller decides what it packs. */
export const pack = async (folder: string, into: string): Promise<Packed> => {
  const answer: unknown = JSON.parse(
    await runNpm(['pack', '--ignore-scripts', '--json', '--pack-destination', into], folder),
  )
  // npm 12 answers with an object by package name, earlier ones with an array.
  const [packed] = Object.values(answer as Record<string, { filename: string; files: { path: string }[] }>)
  if (packed === undefined) throw new Error('npm packed nothing')
  return { path: join(into, packed.filename), files: packed.files.map(({ path }) => path).sort() }
}
