import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { masked } from '../examples/demo-output.ts'
import { fencedBlocks } from './markdown.ts'
import { documentation, readPage } from './pages.ts'
import { makeFolder } from './readme-example.ts'
import { isKnownCommand } from './shell-commands.ts'
import { runBlock, typeCheck, writeBlocks } from './typescript-blocks.ts'

const blocks = documentation.flatMap((page) => fencedBlocks(readPage(page)).map((block) => ({ page, ...block })))
const of = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language))

let folder: string
let files: Awaited<ReturnType<typeof writeBlocks>>
beforeAll(async () => {
  folder = await makeFolder('docs')
  files = await writeBlocks(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('The documentation', () => {
  test('has code blocks of languages that are checked here', () => {
    // Drawings and lists that are no code have no language, or one that no tool knows.
    const checked = ['ts', 'js', 'sh', 'json', 'yaml', 'mermaid', 'text', 'layers', '']
    for (const { page, language } of blocks) expect(checked, page).toContain(language)
    expect(of('ts').length).toBeGreaterThan(30)
  })

  test('has TypeScript and JavaScript blocks that compile', async () => {
    expect(await typeCheck(folder)).toBe('')
  })

  test('has shell blocks whose commands exist', () => {
    for (const { page, code } of of('sh')) {
      for (const line of code.trim().split('\n')) expect(isKnownCommand(line), `${page}: ${line}`).toBe(true)
    }
  })

  test('has data blocks that can be parsed', () => {
    for (const { code } of of('json')) expect(() => JSON.parse(code)).not.toThrow()
    for (const { code } of of('yaml')) expect(() => parseYaml(code)).not.toThrow()
  })
})

/** The blocks that say `run`. */
const programs = documentation.flatMap((page) =>
  fencedBlocks(readPage(page)).flatMap(({ flags }, index) =>
    flags.includes('run') ? [{ page, index, number: index + 1 }] : [],
  ),
)

test.each(programs)(
  'Block $number of $page runs to its end and prints what the page shows',
  async ({ page, index }) => {
    const file = files.get(`${page}#${index}`)
    if (file === undefined) throw new Error('The block was not written')
    const printed = await runBlock(file)
    const next = fencedBlocks(readPage(page))[index + 1]
    if (next?.flags.includes('output')) expect(masked(printed)).toBe(masked(next.code))
  },
)
