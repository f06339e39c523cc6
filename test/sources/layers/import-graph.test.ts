import { posix } from 'node:path'
import { expect, it } from 'vitest'
import { readText } from '../../architecture/project.ts'
import { importsOf, mask } from '../../architecture/source-text.ts'

/** The files that one file loads, itself among them. */
const loadedBy = (entry: string): ReadonlySet<string> => {
  const files = new Set([entry])
  for (const path of files) {
    for (const { specifier, typeOnly } of importsOf(mask(readText(path)))) {
      if (specifier.startsWith('.') && !typeOnly && specifier.endsWith('.ts'))
        files.add(posix.join(posix.dirname(path), specifier))
    }
  }
  return files
}

it('a reloader without layers loads neither them nor a format', () => {
  const loaded = [...loadedBy('src/index.ts')]
  expect(loaded.length).toBeGreaterThan(100)
  expect(loaded.filter((path) => /^src\/(sources|formats)\//.test(path))).toEqual([])
})

it('no format is a package that must be installed', () => {
  const { dependencies } = JSON.parse(readText('package.json')) as { dependencies: Record<string, string> }
  for (const name of ['yaml', 'smol-toml', 'jsonc-parser']) expect(dependencies).not.toHaveProperty(name)
})
