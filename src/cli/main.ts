#!/usr/bin/env node
import { run } from './run.ts'

const stopped = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    stopped.abort()
    // A command that waits for a person or a server ends by itself; one that does not is ended by the next signal.
    process.exitCode = 1
  })
}

const { stdout, stderr, stdin, env } = process
// Whoever reads the output may end first, as `head` does.
stdout.on('error', () => stopped.abort())
process.exitCode = await run(process.argv.slice(2), { stdout, stderr, stdin, env, cwd: process.cwd() }, stopped.signal)
