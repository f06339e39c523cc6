import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const left = new Set(['.git', 'node_modules', 'dist'])

/** A copy of the project in a temporary folder, whose files may be broken. */
export interface WorkCopy {
  readonly root: string
  /** Lists test files below a path, without those that belong to other scripts. */
  testsIn(path: string): readonly string[]
  remove(): void
}

const otherScripts = new RegExp(
  [
    '\\.(long|soak)\\.test\\.ts$',
    '^test/(inspect/browser|package|chaos|observe/server|frameworks/nest11|cli/survival)/',
    // A snapshot of the heap, which here holds the modules of all tests, needs more memory than there is.
    '^test/guarantees/g16-secret-references',
  ].join('|'),
)

export const copyProject = (project: string): WorkCopy => {
  const root = mkdtempSync(join(tmpdir(), 'changeover-mutation-'))
  for (const name of readdirSync(project)) {
    // Neither a nested node_modules, such as that of the package tests, nor a downloaded Node is needed.
    const filter = (path: string): boolean => !/\/(node_modules|\.cache\/(node|prometheus|planted-[^/]+))$/.test(path)
    if (!left.has(name)) cpSync(join(project, name), join(root, name), { recursive: true, filter })
  }
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'))
  return {
    root,
    testsIn: (path) => {
      const isFolder = statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory()
      if (isFolder === undefined) return []
      const files = isFolder
        ? readdirSync(join(root, path), { recursive: true, encoding: 'utf8' }).map((file) => `${path}/${file}`)
        : [path]
      return files.filter((file) => file.endsWith('.test.ts') && !otherScripts.test(file)).sort()
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
