import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildCommand, documentOf, makeFolder, removeFolder } from './command.ts'

let folder: string
let command: string
beforeAll(async () => {
  folder = await makeFolder()
  command = await buildCommand(folder)
  await writeFile(join(folder, 'config.json'), documentOf('info', 5))
})
afterAll(() => removeFolder(folder))

/** Ends a command by a signal once it has printed something, and returns how it has ended. */
const endBy = async (name: NodeJS.Signals, argv: readonly string[]): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [command, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')])
  child.kill(name)
  await ended
  return child
}

describe.each(['SIGINT', 'SIGTERM'] as const)('A command that gets %s', (name) => {
  it('ends what it does, if that was to wait', async () => {
    const { exitCode, signalCode } = await endBy(name, ['watch', '--file', 'config.json'])
    expect([exitCode, signalCode]).toEqual([0, null])
  })

  it('ends with 1 if it could not do what it was asked', async () => {
    // It waits for something that never comes, for as long as its timer runs.
    const config = `console.error('loading')\nawait new Promise(() => setTimeout(() => {}, 500))\nexport default {}\n`
    await writeFile(join(folder, 'waits.mjs'), config)
    const { exitCode, signalCode } = await endBy(name, ['get', '--file', 'config.json', '--config', 'waits.mjs'])
    expect([exitCode, signalCode]).toEqual([1, null])
  })
})
