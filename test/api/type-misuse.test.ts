import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { misuseText, typeMisuses, wordsOf } from '../support/type-misuse.ts'

// `npm run test:package` asks TypeScript 5.9 too.

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: string
let output = ''

beforeAll(async () => {
  await mkdir(join(root, '.cache'), { recursive: true })
  folder = await mkdtemp(join(root, '.cache', 'type-misuse-'))
  await writeFile(join(folder, 'misuse.ts'), misuseText)
  const { compilerOptions } = JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8')) as {
    readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> }
  }
  const paths = Object.fromEntries(
    Object.entries(compilerOptions.paths).map(([name, targets]) => [name, targets.map((target) => join(root, target))]),
  )
  const config = { extends: '../../tsconfig.json', compilerOptions: { paths, rootDir: root }, include: ['misuse.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  await promisify(execFile)(process.execPath, [compiler, '-p', folder], { cwd: folder }).catch(
    ({ stdout }: { readonly stdout: string }) => {
      output = stdout
    },
  )
})

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('The compiler', () => {
  it.each(typeMisuses.map((misuse, index) => ({ ...misuse, index })))('says of $code: $words', ({ words, index }) => {
    expect(wordsOf(output, index)).toContain(words)
  })
})
