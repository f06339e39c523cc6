import { createHash } from 'node:crypto'
import type { SourceCode } from '../../model/failure.ts'
import type { Mounts } from './mounts.ts'
import { type FileState, readFileState, readStamp } from '../../files/read-file.ts'

/** Names the files that a document refers to. */
export type AlsoWatch = readonly string[] | ((text: string) => readonly string[])

/** The document and what it refers to, at one time. */
export type FilesState = FileState & {
  /** Equal if the content of all referenced files is equal; undefined without `alsoWatch`. */
  readonly fingerprint: string | undefined
  readonly warning: SourceCode | undefined
}

/** The file of the document and the files that it refers to. */
export class ReferencedFiles {
  readonly #path: string
  readonly #alsoWatch: AlsoWatch | undefined
  readonly #key: string
  readonly #mounts: Mounts
  #paths: readonly string[]

  /** @param key makes the fingerprints of this source incomparable with those of others */
  constructor(path: string, alsoWatch: AlsoWatch | undefined, key: string, mounts: Mounts) {
    this.#path = path
    this.#alsoWatch = alsoWatch
    this.#key = key
    this.#mounts = mounts
    this.#paths = [path, ...(typeof alsoWatch === 'object' ? alsoWatch : [])]
  }

  /** All files to watch, the document first. Another array after a read that has found other references. */
  get paths(): readonly string[] {
    return this.#paths
  }

  /** Equal if nothing has happened to any of the files. Cheap, since it reads no content. */
  async stamp(): Promise<string> {
    const stamps = this.#paths.map(async (path) => `${await readStamp(path)} ${await this.#mounts.isDetached(path)}`)
    return (await Promise.all(stamps)).join('\n')
  }

  /** Reads all files once. Rejects with a `SourceError` if the document cannot be read. */
  async read(): Promise<FilesState> {
    const state = await readFileState(this.#path)
    const hasFailed = !this.#notePaths(state)
    const others = await Promise.all(this.#paths.slice(1).map(readOther))
    const detached = await Promise.all(this.#paths.map((path) => this.#mounts.isDetached(path)))
    const warning = detached.includes(true) ? 'source.detached' : hasFailed ? 'source.also-watch' : undefined
    if (this.#alsoWatch === undefined) return { ...state, fingerprint: undefined, warning }
    const all = [state, ...others]
    const hash = createHash('sha256').update(this.#key)
    for (const { digest } of others) hash.update(`\n${digest}`)
    const fingerprint = hash.digest('base64')
    return {
      ...state,
      fingerprint,
      warning,
      digest: `${state.digest} ${fingerprint}`,
      stamp: all.map(({ stamp }) => stamp).join('\n'),
      modifiedAt: Math.max(...all.map(({ modifiedAt }) => modifiedAt)),
      isTorn: all.some(({ isTorn }) => isTorn),
      isAbsent: all.some(({ isAbsent }) => isAbsent),
    }
  }

  /** Returns false if the user's function has failed: what the document before has named is then watched on. */
  #notePaths(state: FileState): boolean {
    if (typeof this.#alsoWatch !== 'function' || state.kind !== 'content') return true
    try {
      const found = [this.#path, ...this.#alsoWatch(new TextDecoder().decode(state.bytes))]
      const isSame = found.length === this.#paths.length && found.every((path, index) => path === this.#paths[index])
      if (!isSame) this.#paths = found
      return true
    } catch {
      return false
    }
  }
}

/** A file that cannot be read, or a folder, is told by its times. */
const readOther = async (path: string): Promise<Omit<FileState, 'kind'>> => {
  try {
    return await readFileState(path)
  } catch {
    const stamp = await readStamp(path)
    return { digest: stamp, stamp, modifiedAt: 0, isTorn: false, isAbsent: false }
  }
}
