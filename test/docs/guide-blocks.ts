import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fencedBlocks } from './markdown.ts'
import { readPage } from './pages.ts'
import { makeFolder } from './readme-example.ts'

/** Imports the block of a page whose first line names the file, so that a test runs what the page shows. */
export const importBlock = async <Module>(page: string, file: string): Promise<Module> => {
  const block = fencedBlocks(readPage(page)).find(({ code }) => code.startsWith(`// ${file}\n`))
  if (block === undefined) throw new Error(`${page} has no block ${file}`)
  const folder = await makeFolder('block')
  try {
    await writeFile(join(folder, file), block.code)
    return (await import(pathToFileURL(join(folder, file)).href)) as Module
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
