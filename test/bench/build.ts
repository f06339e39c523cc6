import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bundle } from '../../.ci/bundle.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

/** The package and the figures as JavaScript, in a folder of their own. */
export interface Built {
  readonly folder: string
  /** Where the built `test/bench` lies. */
  readonly bench: string
  readonly remove: () => Promise<void>
}

/**
 * Builds the package as it is published, and the figures beside it. What runs must be what users run: a loader that
 * compiles TypeScript on the fly changes closures (names are kept by a call each) and costs start-up time.
 *
 * The folder has the package's own manifest, so that `changeover` in a figure is the built package, by Node's rule that
 * a package may import itself; it lies within the project, so that its dependencies are found.
 */
export const build = async (): Promise<Built> => {
  const cache = join(root, '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'bench-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const { name, type, exports, imports } = JSON.parse(
      await readFile(join(root, 'package.json'), 'utf8'),
    ) as object & {
      name: string
      type: string
      exports: unknown
      imports: unknown
    }
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name, type, exports, imports }))
    await bundle(root, join(folder, 'dist'))
    const figures = join(folder, 'figures')
    const config = {
      extends: '../../tsconfig.json',
      compilerOptions: { noEmit: false, noCheck: true, rootDir: '../..', outDir: figures, paths: {} },
      include: ['../../test/bench'],
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder])
    // What a figure imports by path would be measured beside the bundle instead of it.
    if (existsSync(join(figures, 'src'))) throw new Error('a figure imports src/ by its path, not the package')
    // The peers are the scoreboard's, with their own packages.
    const peers = join('test', 'scoreboard', 'node_modules')
    await symlink(join(root, peers), join(figures, peers))
    return { folder, bench: join(figures, 'test', 'bench'), remove }
  } catch (error) {
    await remove()
    throw error
  }
}
