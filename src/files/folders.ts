import { lstat, readlink, stat } from 'node:fs/promises'
import { isAbsolute, join, parse, sep } from 'node:path'

/** A folder in which a change of one of `names` can change what the path leads to. */
export interface WatchedFolder {
  readonly path: string
  /** Differs if another folder has taken this one's place. */
  readonly identity: string
  readonly names: Set<string>
}

/** The kernel's own limit for symlinks in one path. */
const MAX_LINKS = 40

/**
 * Lists the folders to watch for the files at these paths. Returns `undefined` if a path changed during the walk.
 */
export const findFolders = async (paths: readonly string[]): Promise<readonly WatchedFolder[] | undefined> => {
  const folders = new Map<string, WatchedFolder>()
  for (const path of paths) if (!(await walk(path, folders))) return undefined
  return [...folders.values()]
}

/**
 * Resolves `path` as the kernel does and adds the folders that hold a symlink on the way (a `current` link, a ConfigMap's
 * `..data`) and the one that holds the file. If a part of the path does not exist, the last is the folder in which that
 * part will appear. Returns false if the path changed during the walk.
 */
const walk = async (path: string, folders: Map<string, WatchedFolder>): Promise<boolean> => {
  const add = async (folder: string, name: string): Promise<void> => {
    const known = folders.get(folder)
    if (known !== undefined) {
      known.names.add(toComparable(name))
      return
    }
    const { dev, ino } = await stat(folder, { bigint: true })
    folders.set(folder, { path: folder, identity: `${dev}:${ino}`, names: new Set([toComparable(name)]) })
  }

  const { root } = parse(path)
  let folder = root
  let parts = split(path.slice(root.length))
  let links = 0
  try {
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (part === '..') {
        folder = join(folder, '..') // `folder` contains no symlink any more, so this is what the kernel does
        continue
      }
      const step = join(folder, part)
      const stats = await lstat(step).catch(() => undefined)
      if (stats?.isDirectory() && parts.length > 0) {
        folder = step
        continue
      }
      await add(folder, part)
      if (!stats?.isSymbolicLink() || ++links > MAX_LINKS) break
      const target = await readlink(step)
      parts = [...split(isAbsolute(target) ? target.slice(parse(target).root.length) : target), ...parts]
      if (isAbsolute(target)) folder = parse(target).root
    }
  } catch {
    return false
  }
  return true
}

/** Normalizes a name: some filesystems report another case or Unicode form than the one in the path. */
export const toComparable = (name: string): string => name.normalize('NFC').toLowerCase()

const split = (path: string): string[] => path.split(sep).filter((part) => part !== '' && part !== '.')
