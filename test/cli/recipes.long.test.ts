import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { blockOf, fencedBlocks } from '../docs/markdown.ts'
import { readPage } from '../docs/pages.ts'
import {
  buildCommand,
  configOf,
  documentOf,
  jsonOf,
  makeFolder,
  removeFolder,
  runInTerminal,
  runProcess,
} from './command.ts'
import { playSession } from './session.ts'

const page = readPage('docs/guide/operator.md')
let folder: string
let command: string

beforeAll(async () => {
  folder = await makeFolder(configOf(`{ path: 'published.json' }`))
  command = await buildCommand(folder)
  await mkdir(join(folder, 'bin'))
  await symlink(command, join(folder, 'bin', 'changeover'))
})
afterAll(() => removeFolder(folder))

/** Runs a line of a recipe; `npx` leads to the built command, which is run as a program of its own. */
const runLine = async (line: string): Promise<number | null> => {
  const path = `${join(folder, 'bin')}${delimiter}${process.env.PATH ?? ''}`
  const child = spawn('/bin/sh', ['-ec', line.replaceAll('npx changeover', 'changeover')], {
    cwd: folder,
    env: { ...process.env, PATH: path },
    stdio: 'ignore',
  })
  await once(child, 'exit')
  return child.exitCode
}

/** The lines that a pipeline and a commit hook run. */
const recipes = (): readonly string[] =>
  fencedBlocks(page)
    .filter(({ language }) => language === 'yaml')
    .flatMap(({ code }) => {
      const { jobs, repos } = parse(code) as {
        readonly jobs?: { readonly check: { readonly steps: readonly { readonly run?: string }[] } }
        readonly repos?: readonly { readonly hooks: readonly { readonly entry: string }[] }[]
      }
      const steps = jobs?.check.steps.flatMap(({ run }) => (run === undefined || run === 'npm ci' ? [] : [run])) ?? []
      return [...steps, ...(repos?.flatMap(({ hooks }) => hooks.map(({ entry }) => entry)) ?? [])]
    })

describe('The guide of the command', () => {
  it('shows a session as it is', async () => {
    expect(await playSession()).toContain(blockOf(page, 'session').replace(/^```text\n|\n```$/g, ''))
  })

  it('has recipes that pass for a right document, and fail for a wrong one', async () => {
    expect(recipes()).toHaveLength(3)
    await writeFile(join(folder, 'config.json'), documentOf('info', 5))
    for (const line of recipes()) expect(await runLine(line), line).toBe(0)
    await writeFile(join(folder, 'config.json'), documentOf('loud', 5))
    for (const line of recipes()) expect(await runLine(line), line).not.toBe(0)
  })
})

describe('The built command', () => {
  it('asks in a terminal, publishes after yes, and does nothing after no', async () => {
    await writeFile(join(folder, 'next.json'), documentOf('info', 5))
    const at = { cwd: folder }
    const no = await runInTerminal(command, ['publish', 'next.json'], at, [[/\[y\/N\]/, 'n']])
    expect([no.exit, no.out]).toEqual([3, expect.stringContaining('command.declined')])
    const yes = await runInTerminal(command, ['publish', 'next.json'], at, [[/\[y\/N\]/, 'y']])
    expect([yes.exit, yes.out]).toEqual([0, expect.stringContaining('entry 1')])
    const set = await runInTerminal(command, ['set', 'log.level', 'debug'], at, [[/\[y\/N\]/, 'yes']])
    expect([set.exit, set.out]).toEqual([0, expect.stringContaining('\u001B[33m  ~ log.level')])
    const plain = await runInTerminal(command, ['diff', 'next.json'], { ...at, env: { NO_COLOR: '1' } }, [])
    expect([plain.exit, plain.out]).toEqual([2, expect.not.stringContaining('\u001B[33m')])
  })

  it('opens the editor, again after a fault, and publishes what was written', async () => {
    await writeFile(
      join(folder, 'editor.sh'),
      `if grep -q loud "$1"; then sed -i s/loud/info/ "$1"; else sed -i 's/"level": "[a-z]*"/"level": "loud"/' "$1"; fi\n`,
    )
    const env = { EDITOR: 'sh editor.sh', VISUAL: '' }
    const edited = await runInTerminal(command, ['edit', '-m', 'by hand'], { cwd: folder, env }, [
      [/Edit again/, 'y'],
      [/\[y\/N\]/, 'y'],
    ])
    expect([edited.exit, edited.out]).toEqual([0, expect.stringContaining('Published')])
  })

  it('prints one object for programs, and no colours into a pipe', async () => {
    const got = await runProcess(command, ['get', '--json'], { cwd: folder })
    expect(jsonOf(got)).toMatchObject({ schema: 1, command: 'get', exit: 0 })
    const refused = await runProcess(command, ['publish', 'next.json', '--if-revision', '0', '--json'], { cwd: folder })
    expect([refused.exit, jsonOf(refused)]).toEqual([3, expect.objectContaining({ schema: 1, exit: 3 })])
  })
})
