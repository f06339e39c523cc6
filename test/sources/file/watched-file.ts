import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Source } from '../../../src/api/source.ts'
import { followOpened, never, SOON, textOf, type Followed } from '../follow.ts'

/** A config file in a temporary folder, and the watch of a source that reads it. */
export class WatchedFile {
  folder = ''
  path = ''
  followed: Followed | undefined

  async create(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), 'changeover-file-'))
    await chmod(this.folder, 0o755)
    this.path = join(this.folder, 'etc', 'config.json')
    await mkdir(dirname(this.path))
    await writeFile(this.path, 'one')
  }

  async remove(): Promise<void> {
    await this.followed?.stop()
    this.followed = undefined
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Watches from what a read finds now. */
  async follow(source: Source): Promise<void> {
    const { revision } = await source.read(never)
    this.followed = await followOpened(source, revision)
  }

  /** What the watch has reported: documents by their text, anything else by its kind. */
  get reported(): readonly string[] {
    return (this.followed?.events ?? []).map((event) => textOf(event) ?? event.kind)
  }

  /** Waits until the watch has reported `text` last. */
  reports(text: string): Promise<void> {
    return expect.poll(() => this.reported.at(-1), SOON).toBe(text)
  }

  /** Replaces the file by an atomic rename. */
  async replace(text: string): Promise<void> {
    await writeFile(`${this.path}.new`, text)
    await rename(`${this.path}.new`, this.path)
  }
}

/** A watched file for each test of the suite; it holds the text `one`. */
export const useWatchedFile = (): WatchedFile => {
  const file = new WatchedFile()
  beforeEach(() => file.create())
  afterEach(() => file.remove())
  return file
}
