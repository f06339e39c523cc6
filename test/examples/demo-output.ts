import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Runs the demo to its end and returns its output. Rejects if its exit code is not 0. */
export const runDemo = async (env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> => {
  const { DATABASE_URL, ...inherited } = process.env
  const options = { cwd: root, env: { ...inherited, ...env }, timeout: 240_000 }
  return promisify(execFile)(process.execPath, ['--import', 'tsx', 'examples/service/demo.ts'], options)
}

/** Masks what differs between two runs: times, numbers of queries, the random part of ids. */
export const masked = (output: string): string =>
  output
    .replaceAll(/\b\d+(\.\d+)? ms\b/g, 'N ms')
    .replaceAll(/\b[0-9a-z]{8}-(\d+)\b/g, 'XXXXXXXX-$1')
    .replaceAll(/\b\d+ queries\b/g, 'N queries')
    .trim()
