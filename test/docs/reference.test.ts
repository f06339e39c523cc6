import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generatedBlocks } from './generated.ts'
import { blockOf } from './markdown.ts'
import { readPage, root } from './pages.ts'

test.each(generatedBlocks())(
  'The block $block of $page is current: node --import tsx test/docs/write-docs.ts',
  ({ page, block, content }) => {
    expect(blockOf(readPage(page), block)).toBe(content)
  },
)

const numbers = Array.from({ length: 18 }, (_, index) => index + 1)

test.each(numbers)('G%i has its line in the README and in the reference, and tests by its number', async (number) => {
  expect(readPage('README.md')).toContain(`- **G${number}** `)
  expect(readPage('docs/reference/guarantees.md')).toContain(`| G${number} | `)
  const folder = join(root, 'test', 'guarantees')
  const prefix = `g${`${number}`.padStart(2, '0')}-`
  const own = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name.endsWith('.test.ts'))
  expect(own).not.toEqual([])
  const texts = await Promise.all(own.map((name) => readFile(join(folder, name), 'utf8')))
  expect(texts.join('\n')).toMatch(new RegExp(`['"\`]G${number} `))
})
