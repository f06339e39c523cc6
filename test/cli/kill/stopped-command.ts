import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A step of a command on the file system. */
export interface FileStep {
  readonly number: number
  readonly name: string
  readonly path: string
}

/** Where a command is killed: before a step, or after half of the bytes of a write. */
export interface Stop {
  readonly number: number
  readonly moment: 'before' | 'half'
}

/** Loaded into the process before the command: it counts the calls of `node:fs/promises`, and kills the process at one. */
const preload = `import fs from 'node:fs/promises'
import { appendFileSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { STOP_FOLDER: folder, STOP_LOG: log, STOP_AT: at, STOP_MOMENT: moment } = process.env
let steps = 0
const kill = () => {
  process.kill(process.pid, 'SIGKILL')
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
}
const step = (name, path, halve) => {
  if (!String(path).startsWith(folder)) return
  steps += 1
  appendFileSync(log, JSON.stringify({ number: steps, name, path: String(path).slice(folder.length + 1) }) + '\\n')
  if (String(steps) !== at) return
  if (moment === 'half') halve?.()
  kill()
}
const half = (path, content) => () => writeFileSync(path, Buffer.from(content).subarray(0, Buffer.from(content).length / 2))

for (const name of ['readFile', 'readdir', 'mkdir', 'rename', 'unlink', 'link', 'stat']) {
  const original = fs[name]
  fs[name] = async (path, ...rest) => {
    step(name, path)
    return original(path, ...rest)
  }
}
const { open, writeFile } = fs
fs.writeFile = async (path, content, ...rest) => {
  step('writeFile', path, half(path, content))
  return writeFile(path, content, ...rest)
}
fs.open = async (path, ...rest) => {
  step('open', path)
  const handle = await open(path, ...rest)
  for (const name of ['sync', 'chmod', 'writeFile']) {
    const original = handle[name].bind(handle)
    handle[name] = async (...args) => {
      step('handle.' + name, path, name === 'writeFile' ? half(path, args[0]) : undefined)
      return original(...args)
    }
  }
  return handle
}
syncBuiltinESMExports()
`

/** Runs a command that is killed at a step in a folder, and returns the steps that it has taken. */
export const runStopped = async (
  command: string,
  argv: readonly string[],
  { cwd, folder, stop }: { readonly cwd: string; readonly folder: string; readonly stop?: Stop | undefined },
): Promise<{ readonly steps: readonly FileStep[]; readonly signal: string | null; readonly exit: number | null }> => {
  const [hook, log] = [join(cwd, 'stop-at-step.mjs'), join(cwd, 'steps.log')]
  await writeFile(hook, preload)
  await rm(log, { force: true })
  const env = {
    ...process.env,
    STOP_FOLDER: folder,
    STOP_LOG: log,
    STOP_AT: String(stop?.number ?? 0),
    STOP_MOMENT: stop?.moment ?? '',
  }
  const child = spawn(process.execPath, ['--import', hook, command, ...argv], { cwd, env, stdio: 'ignore' })
  await once(child, 'exit')
  const lines = (await readFile(log, 'utf8')).trim().split('\n')
  return { steps: lines.map((line) => JSON.parse(line) as FileStep), signal: child.signalCode, exit: child.exitCode }
}
