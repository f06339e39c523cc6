import { dirname, join } from 'node:path'
import type { FileSystem, OpenFile } from '../../../../persistence/file-system.ts'
import type { FileInvariants } from '../../check/file-invariants.ts'
import { never, type SimulatedProcess } from '../process.ts'

/** The files of one simulated host, by path. They outlive its processes. */
export type MemoryFiles = Map<string, Buffer>

/**
 * The files as one process sees them. It may die between any two steps: a dead process gets no answers and writes nothing.
 * `invariants` check what it does with them.
 */
export const fileSystemOf = (files: MemoryFiles, process: SimulatedProcess, invariants: FileInvariants): FileSystem => {
  const step = async <T>(act: () => T): Promise<T> => {
    await undefined
    return process.isDead ? never<T>() : act()
  }
  const contentOf = (path: string): Buffer => files.get(path) ?? fail('ENOENT')
  const create = (path: string, content: Buffer): void =>
    void (files.has(path) ? fail('EEXIST') : files.set(path, content))
  const opened = (path: string): OpenFile => ({
    size: () => step(() => contentOf(path).length),
    read: (maxBytes) => step(() => contentOf(path).subarray(0, maxBytes)),
    write: (text) => step(() => void files.set(path, Buffer.concat([contentOf(path), Buffer.from(text)]))),
    sync: () => step(() => {}),
    close: () => step(() => {}),
  })
  return {
    inspect: (path) => step(() => (files.has(path) ? 'file' : 'nothing')),
    open: (path) =>
      step(() => {
        contentOf(path)
        return opened(path)
      }),
    create: (path) =>
      step(() => {
        create(path, Buffer.alloc(0))
        return opened(path)
      }),
    createWhole: (path, text) =>
      step(() => {
        if (files.has(path)) return false
        invariants.beforeCreate(path)
        create(path, Buffer.from(text))
        return true
      }),
    rename: (from, to) =>
      step(() =>
        invariants.change(to, () => {
          files.set(to, contentOf(from))
          files.delete(from)
        }),
      ),
    unlink: (path) => step(() => invariants.change(path, () => void (files.delete(path) || fail('ENOENT')))),
    syncFolder: () => step(() => {}),
    list: (folder) =>
      step(() =>
        [...files.keys()]
          .filter((path) => dirname(path) === join(folder))
          .map((path) => path.slice(join(folder).length + 1)),
      ),
  }
}

const fail = (code: string): never => {
  throw Object.assign(new Error(code), { code })
}
