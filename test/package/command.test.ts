import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, inject, it } from 'vitest'
import { runProgram } from '../../.ci/npm.ts'

const folder = join(inject('consumer'), 'command')
const program = join(inject('consumer'), 'node_modules', '.bin', 'changeover')

beforeAll(async () => {
  await mkdir(folder)
  await writeFile(join(folder, 'changeover.config.json'), '{ "source": { "path": "config.json" } }')
  await writeFile(join(folder, 'next.json'), '{ "n": 1 }')
})

it('The command of the installed package is a program that publishes and takes back', async () => {
  expect(await runProgram(program, ['--help'], folder)).toContain('changeover <command> --help')
  await runProgram(program, ['publish', 'next.json', '--if-revision', '0', '--author', 'Ada'], folder)
  expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe('{ "n": 1 }')
  await runProgram(program, ['set', 'n', '2', '--author', 'Ada'], folder)
  expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe('{ "n": 2 }')
  expect(await runProgram(program, ['history'], folder)).toContain('Ada')
})
