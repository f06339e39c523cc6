import { cp, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Packed, pack, runProgram } from '../../.ci/npm.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md']

/**
 * Builds and packs the package into a folder. It works on a copy there, so that neither another test nor a build by hand
 * can meet a half-made `dist`.
 */
export const packProject = async (into: string): Promise<Packed> => {
  const copy = join(into, 'copy')
  for (const part of ['src', 'machines', 'monitoring', '.ci', 'package.json', 'tsconfig.json', ...pages]) {
    await cp(join(root, part), join(copy, part), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error // what is missing is reported by the test of the content
    })
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
  await runProgram(process.execPath, ['--import', 'tsx', '.ci/build.ts'], copy)
  return pack(copy, into)
}
