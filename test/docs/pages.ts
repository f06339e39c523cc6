import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const generatedFolders = new Set(['node_modules', 'dist', '.cache', '.git', 'coverage'])

const markdownBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return generatedFolders.has(entry.name) ? [] : markdownBelow(path)
    return entry.name.endsWith('.md') ? [relative(root, path).split(sep).join('/')] : []
  })

/** Every Markdown page of the checkout, by its path from the root. */
export const allPages: readonly string[] = [...markdownBelow(root)].sort()

/** The pages whose code blocks are checked. */
export const documentation: readonly string[] = allPages.filter(
  (path) => path.startsWith('docs/') || /^[A-Z]+\.md$/.test(path),
)

/** Returns the absolute path of a page. */
export const pagePath = (page: string): string => join(root, page)

/** Reads a page. */
export const readPage = (page: string): string => readFileSync(pagePath(page), 'utf8')
