import { readFile, realpath, stat } from 'node:fs/promises'

/** The mounts that this process sees. Only Linux has it. */
const MOUNTS = '/proc/self/mountinfo'

/** What was known of a file when it was first seen. */
interface SeenFile {
  readonly identity: string
  /** Where its mount has its root, if the file is mounted alone. */
  readonly root: string | undefined
  readonly hadLinks: boolean
}

/**
 * Notices files that are mounted alone and were replaced or removed where they come from. The mount holds the old file,
 * so its path goes on leading to that one, and no change is seen any more.
 */
export class Mounts {
  readonly #seen = new Map<string, SeenFile>()
  readonly #readMounts: () => Promise<string>

  /** @param readMounts for tests */
  constructor(readMounts: () => Promise<string> = () => readFile(MOUNTS, 'utf8')) {
    this.#readMounts = readMounts
  }

  /** Returns true if no change of the file at `path` can be seen any more. Never rejects. */
  async isDetached(path: string): Promise<boolean> {
    try {
      const { dev, ino, nlink } = await stat(path, { bigint: true })
      const identity = `${dev}:${ino}`
      const before = this.#seen.get(path)
      const isKnown = before?.identity === identity
      // A file that is not mounted alone costs no further look at the mounts, as long as it is the same.
      const root = isKnown && before.root === undefined ? undefined : await this.#rootOf(path)
      if (!isKnown || before.root === undefined) {
        this.#seen.set(path, { identity, root, hadLinks: nlink > 0n || (isKnown && before.hadLinks) })
      }
      if (root?.endsWith('//deleted') === true) return true
      if (!isKnown) return false
      return (before.hadLinks && nlink === 0n) || (root !== undefined && root !== before.root)
    } catch {
      this.#seen.delete(path) // it is missing, so its path is followed
      return false
    }
  }

  /** The root of the mount whose mount point is this file; undefined for a file in a mounted folder. */
  async #rootOf(path: string): Promise<string | undefined> {
    try {
      const point = await realpath(path)
      const lines = (await this.#readMounts()).split('\n').map((line) => line.split(' '))
      return lines.findLast(([, , , , at]) => at !== undefined && unescaped(at) === point)?.[3]
    } catch {
      return undefined
    }
  }
}

/** Spaces and the like are written as `\040`. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
