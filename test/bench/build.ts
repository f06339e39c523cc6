import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

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
    const { name, type, exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as object & {
      name: string
      type: string
      exports: unknown
    }
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name, type, exports }))
    const config = {
      extends: '../../tsconfig.json',
      compilerOptions: { noEmit: false, noCheck: true, rootDir: '../..', outDir: './dist', paths: {} },
      include: ['src', 'machines', 'test/bench', 'test/support', 'test/simulation', 'examples/support'].map(
        (part) => `../../${part}`,
      ),
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder])
    return { folder, bench: join(folder, 'dist', 'test', 'bench'), remove }
  } catch (error) {
    await remove()
    throw error
  }
}
