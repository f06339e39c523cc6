import { basename, dirname, join } from 'node:path'
import { changeoverError } from '../../model/failure.ts'
import { fs } from '../node-fs.ts'

interface InUse {
  /** The keys of the files, and the stores that users have given. */
  readonly taken: Set<unknown>
  /** The reloaders of this thread that run. */
  readonly instances: Set<string>
}

/** Shared by all copies of the package in this thread. */
const inUseKey = Symbol.for('changeover.stores-in-use')

const inUse = (): InUse => {
  const holder = globalThis as { [inUseKey]?: InUse }
  holder[inUseKey] ??= { taken: new Set(), instances: new Set() }
  return holder[inUseKey]
}

/** True if a reloader of this thread runs under this name. */
export const hasInstance = (instance: string): boolean => inUse().instances.has(instance)

/**
 * Marks a store as used by one reloader. The returned function frees it.
 *
 * @throws ChangeoverError `persistence.in-use` if another reloader of this process uses it
 */
export const takeStore = (keys: readonly unknown[], instance: string): (() => void) => {
  const { taken, instances } = inUse()
  if (keys.some((key) => taken.has(key))) throw changeoverError('persistence.in-use')
  for (const key of keys) taken.add(key)
  instances.add(instance)
  return () => {
    for (const key of keys) taken.delete(key)
    instances.delete(instance)
  }
}

/** Names a file by its folder's identity, so that symlinks and mounts do not hide that two paths are one. */
export const fileKey = (path: string): string => {
  const target = real(path) ?? join(real(dirname(path)) ?? dirname(path), basename(path))
  const name = hasCaselessNames ? basename(target).toLowerCase() : basename(target)
  return `${folderKey(dirname(target))}/${name}`
}

const hasCaselessNames = process.platform === 'darwin' || process.platform === 'win32'

const real = (path: string): string | undefined => {
  try {
    return fs().realpathSync.native(path)
  } catch {
    return undefined
  }
}

const folderKey = (folder: string): string => {
  try {
    const { dev, ino } = fs().statSync(folder, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return folder
  }
}
