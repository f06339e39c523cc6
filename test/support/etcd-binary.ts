import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const cacheFolder = fileURLToPath(new URL('../../.cache/etcd/', import.meta.url))
const cached = join(cacheFolder, 'etcd')

const advice = `The tests need a real etcd (3.4 or newer), and none was found.
Install it so that "etcd" is in the PATH, or set ETCD_BIN to the binary. On Debian or Ubuntu with a network, the tests
unpack the package "etcd-server" into .cache/etcd without installing it.`

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

/** Finds an etcd binary: in ETCD_BIN, the PATH, the cache, or Debian's package, which it unpacks into the cache. */
export const findEtcd = async (): Promise<string> => {
  const named = process.env.ETCD_BIN
  if (named !== undefined && named !== '') {
    if (await isExecutable(named)) return named
    throw new Error(`ETCD_BIN does not point to a program.\n${advice}`)
  }
  const inPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const candidate of [...inPath.map((folder) => join(folder, 'etcd')), cached]) {
    if (await isExecutable(candidate)) return candidate
  }
  await mkdir(cacheFolder, { recursive: true })
  // Several test files may do this at once: each unpacks into its own folder, and the rename is atomic.
  const folder = await mkdtemp(join(cacheFolder, 'unpack-'))
  try {
    await unpack(folder)
    await rename(join(folder, 'root', 'usr', 'bin', 'etcd'), cached)
  } catch (error) {
    throw new Error(advice, { cause: error })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return cached
}

const unpack = async (folder: string): Promise<void> => {
  const limits = { cwd: folder, timeout: 120_000 }
  const download = (options: readonly string[]) => run('apt-get', [...options, 'download', 'etcd-server'], limits)
  await download([]).catch(async () => {
    // The package list is missing or outdated: fetch one into the folder, which needs no rights and changes nothing.
    await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
    await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
    const own = ['-o', `Dir::State::Lists=${folder}/lists`, '-o', `Dir::Cache=${folder}/cache`]
    await run('apt-get', [...own, '-o', 'APT::Sandbox::User=', 'update'], limits)
    await download(own)
  })
  const file = (await readdir(folder)).find((name) => name.endsWith('.deb'))
  if (file === undefined) throw new Error('apt-get downloaded no package')
  await run('dpkg', ['-x', file, join(folder, 'root')], limits)
}
