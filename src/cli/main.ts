#!/usr/bin/env node
import type { Io } from './output/output.ts'
import { run } from './run.ts'

const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    stopped.abort()
    // A command that waits for a person or a server ends by itself; one that does not is ended by the next signal.
    process.exitCode = 1
  })
}

const { stdout, stderr, env } = process
// Whoever reads the output may end first, as `head` does.
stdout.on('error', () => stopped.abort())
const io: Io = {
  stdout,
  stderr,
  // Opening it takes time, and few commands read it (bench: command).
  get stdin() {
    return process.stdin
  },
  env,
  cwd: process.cwd(),
}
process.exitCode = await run(process.argv.slice(2), io, stopped.signal)
