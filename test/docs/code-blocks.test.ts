import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codesTable } from './codes.ts'
import { blockOf, codeBlocks, readmePath } from './readme.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = await readFile(readmePath, 'utf8')

/** What the first example imports from the reader's own service. */
const service = `
import { pino } from 'pino'
import type pg from 'pg'
import { z } from 'zod'
export const Config = z.strictObject({
  log: z.strictObject({ level: z.string() }),
  db: z.strictObject({ host: z.string(), max: z.number() }),
  cache: z.strictObject({ intervalMs: z.number() }),
})
export const logger = pino()
export const refreshCache = async ({ needs }: { needs: { pool: pg.Pool } }) => needs.pool.query('select 1')
`

let folder: string
beforeAll(async () => {
  // Inside the project, so that imports find its packages.
  await mkdir(join(root, '.cache'), { recursive: true })
  folder = await mkdtemp(join(root, '.cache', 'readme-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('every TypeScript block of the README compiles', async () => {
  const blocks = codeBlocks(readme, 'ts')
  expect(blocks.length).toBeGreaterThanOrEqual(4)
  await writeFile(join(folder, 'service.ts'), service)
  for (const [index, block] of blocks.entries()) await writeFile(join(folder, `block-${index}.ts`), block)
  const config = { extends: '../../tsconfig.json', compilerOptions: { rootDir: '../..' }, include: ['*.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const output = await promisify(execFile)(tsc, ['-p', folder]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  )
  expect(output).toBe('')
})

test('every npm command of the README is a script of the package', async () => {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const named = [...readme.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name)
  expect(named).toContain('start')
  for (const name of named) expect(Object.keys(scripts)).toContain(name)
})

test('the table of failures is current: node --import tsx test/docs/write-readme.ts', () => {
  expect(blockOf(readme, 'codes')).toBe(codesTable())
})

test('every guarantee has its line in the README and tests by its number', async () => {
  const files = await readdir(join(root, 'test', 'guarantees'))
  for (let number = 1; number <= 18; number++) {
    expect(readme).toContain(`| G${number} | `)
    const own = files.filter(
      (name) => name.startsWith(`g${`${number}`.padStart(2, '0')}-`) && name.endsWith('.test.ts'),
    )
    expect(own, `tests of G${number}`).not.toEqual([])
    const texts = await Promise.all(own.map((name) => readFile(join(root, 'test', 'guarantees', name), 'utf8')))
    expect(texts.join('\n')).toMatch(new RegExp(`['"\`]G${number} `))
  }
})
