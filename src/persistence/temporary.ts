import { randomBytes } from 'node:crypto'
import { codeOf } from './file-system.ts'

// Those that this process is writing; known here, since its own id says nothing of them: in a container the process
// before had the same.
const open = new Set<string>()

/** A name beside `file` that no other save uses, until `end` is called. */
export const beginTemporary = (file: string): { readonly path: string; readonly end: () => void } => {
  const suffix = `${process.pid}-${randomBytes(8).toString('hex')}.tmp`
  open.add(suffix)
  return { path: `${file}.${suffix}`, end: () => void open.delete(suffix) }
}

/**
 * True for the name of a temporary file of `entry` that nobody is writing any more. Where a process in another container
 * is, it loses its file: that save fails whole, and is made again.
 */
export const isStale = (name: string, entry: string): boolean => {
  if (!name.startsWith(`${entry}.`)) return false
  const suffix = name.slice(entry.length + 1)
  const pid = Number(/^(\d{1,10})-[0-9a-f]{16}\.tmp$/.exec(suffix)?.[1])
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  return pid === process.pid ? !open.has(suffix) : !isRunning(pid)
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}
