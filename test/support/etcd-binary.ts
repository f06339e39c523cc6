import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unpackPackages } from './debian-packages.ts'

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
    const root = await unpackPackages(folder, ['etcd-server'])
    await rename(join(root, 'usr', 'bin', 'etcd'), cached)
  } catch (error) {
    throw new Error(advice, { cause: error })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return cached
}
