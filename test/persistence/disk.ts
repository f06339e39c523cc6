import { dirname } from 'node:path'
import type { FileSystem, OpenFile } from '../../src/persistence/file-system.ts'

interface Inode {
  /** What a process reads. */
  content: Buffer
  /** What is surely on the medium; undefined if nothing was synced. */
  synced: Buffer | undefined
}

type Names = ReadonlyMap<string, Inode>

/** A disk in memory that may lose whatever was not synced. */
export interface Disk {
  readonly files: FileSystem
  readonly paths: () => readonly string[]
  readonly text: (path: string) => string | undefined
  /** Puts a synced file there. */
  readonly put: (path: string, content: string | Buffer) => void
  /** Every disk that a loss of power may leave now. */
  readonly afterPowerLoss: () => readonly Disk[]
  /** The disk as another process finds it now. */
  readonly afterKill: () => Disk
}

const error = (code: string): Error => Object.assign(new Error(code), { code })

/** What an unsynced file may hold: its metadata may be ahead of its data. */
const contentsOf = ({ content, synced }: Inode): readonly Buffer[] =>
  synced?.equals(content) === true
    ? [content]
    : [synced ?? Buffer.alloc(0), content, content.subarray(0, content.length / 2), Buffer.alloc(content.length)]

const settled = (content: Buffer): Inode => ({ content, synced: content })

const product = (names: Names): readonly Names[] =>
  [...names].reduce<readonly Map<string, Inode>[]>(
    (worlds, [path, inode]) =>
      worlds.flatMap((world) => contentsOf(inode).map((content) => new Map([...world, [path, settled(content)]]))),
    [new Map()],
  )

export const createDisk = (initial: Names = new Map()): Disk => {
  let names = new Map(initial)
  /** Every state of the folder since it was last synced: any of them may be on the medium. */
  let folderStates: Names[] = [new Map(names)]

  const change = (next: Map<string, Inode>): void => {
    names = next
    folderStates.push(new Map(next))
  }

  const openFile = (inode: Inode): OpenFile => ({
    size: async () => inode.content.length,
    read: async (most) => inode.content.subarray(0, most),
    write: async (text) => {
      inode.content = Buffer.concat([inode.content, Buffer.from(text)])
    },
    sync: async () => {
      inode.synced = inode.content
    },
    close: async () => {},
  })

  const find = (path: string): Inode => {
    const inode = names.get(path)
    if (inode === undefined) throw error('ENOENT')
    return inode
  }

  const files: FileSystem = {
    inspect: async (path) => (names.has(path) ? 'file' : 'nothing'),
    open: async (path) => openFile(find(path)),
    create: async (path) => {
      if (names.has(path)) throw error('EEXIST')
      const inode: Inode = { content: Buffer.alloc(0), synced: undefined }
      change(new Map([...names, [path, inode]]))
      return openFile(inode)
    },
    createWhole: async (path, text) => {
      if (names.has(path)) return false
      change(new Map([...names, [path, { content: Buffer.from(text), synced: undefined }]]))
      return true
    },
    rename: async (from, to) => {
      const inode = find(from)
      change(new Map([...[...names].filter(([path]) => path !== from && path !== to), [to, inode]]))
    },
    unlink: async (path) => {
      find(path)
      change(new Map([...names].filter(([other]) => other !== path)))
    },
    syncFolder: async () => {
      folderStates = [new Map(names)]
    },
    list: async (folder) =>
      [...names.keys()].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1)),
  }

  return {
    files,
    paths: () => [...names.keys()].sort(),
    text: (path) => names.get(path)?.content.toString(),
    put: (path, content) => {
      names.set(path, settled(Buffer.from(content)))
      folderStates = [new Map(names)]
    },
    afterPowerLoss: () => folderStates.flatMap(product).map(createDisk),
    afterKill: () => createDisk(new Map([...names].map(([path, { content }]) => [path, settled(content)]))),
  }
}
