import type { FileSystem, OpenFile } from '../../src/persistence/file-system.ts'

/** Wraps one step: may run it, replace it, or act before or after it. */
export type Around = <T>(name: string, run: () => Promise<T>) => Promise<T>

/** Wraps every step of a file system. A write becomes two steps of one half each. */
export const stepped = (files: FileSystem, around: Around): FileSystem => {
  const openFile = (file: OpenFile): OpenFile => ({
    size: () => around('size', file.size),
    read: (most) => around('read', () => file.read(most)),
    write: async (text) => {
      const half = Math.floor(text.length / 2)
      await around('write', () => file.write(text.slice(0, half)))
      await around('write on', () => file.write(text.slice(half)))
    },
    sync: () => around('sync', file.sync),
    close: () => around('close', file.close),
  })
  return {
    inspect: (path) => around('inspect', () => files.inspect(path)),
    open: async (path) => openFile(await around('open', () => files.open(path))),
    create: async (path) => openFile(await around('create', () => files.create(path))),
    createWhole: (path, text) => around('claim', () => files.createWhole(path, text)),
    rename: (from, to) => around('rename', () => files.rename(from, to)),
    unlink: (path) => around('unlink', () => files.unlink(path)),
    syncFolder: (path) => around('sync folder', () => files.syncFolder(path)),
    list: (folder) => around('list', () => files.list(folder)),
  }
}

/** Collects the names of the steps. */
export const counting = (): { readonly around: Around; readonly names: readonly string[] } => {
  const names: string[] = []
  return {
    names,
    around: (name, run) => {
      names.push(name)
      return run()
    },
  }
}
