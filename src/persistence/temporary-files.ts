import { basename, dirname, join } from 'node:path'
import { crypto } from '../model/data/digest.ts'
import { isRunning } from './sharing/owner.ts'

// The temporary files that this process is writing. A process id alone does not tell: in a container the process before
// may have had the same.
const ownSuffixes = new Set<string>()

/** Names a file beside `path` for the time of a write, which must call `done`. */
export const temporaryFor = (path: string): { readonly temporary: string; readonly done: () => void } => {
  const suffix = `${process.pid}-${crypto().randomBytes(8).toString('hex')}.tmp`
  ownSuffixes.add(suffix)
  return { temporary: `${path}.${suffix}`, done: () => void ownSuffixes.delete(suffix) }
}

/** Finds what processes that died during a save of `main`, or beside it, have left. */
export const staleTemporaries = (main: string, names: readonly string[]): readonly string[] => {
  const prefix = basename(main)
  return names
    .filter((name) => name.startsWith(`${prefix}.`) && isStale(name.slice(prefix.length)))
    .map((name) => join(dirname(main), name))
}

/**
 * True for a temporary file that is not being written any more. A process in another container may lose its file that
 * way: its save fails and is retried.
 */
const isStale = (name: string): boolean => {
  const suffix =
    /^(?:\.slot\d+)?(?:\.1|\.2|\.journal|\.owner-\d+)?\.(\d{1,10}-[0-9a-f]{16}\.tmp)$/.exec(name)?.[1] ?? ''
  const pid = Number.parseInt(suffix, 10)
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  return pid === process.pid ? !ownSuffixes.has(suffix) : !isRunning(pid)
}
