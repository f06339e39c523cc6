import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { SourceError } from '../../../api/source.ts'
import { codeOf } from '../../../files/code-of.ts'
import type { DocumentStore, HeldDocument } from '../../../history/document-store.ts'
import { changeoverError, isChangeoverError } from '../../../model/failure.ts'
import type { PublishedFile } from './published-file.ts'
import { readDocument } from './read-document.ts'

/** Opens a file for the command. `lockMs` is how long it waits for another publisher, in milliseconds. */
export const fileDocumentStore = (path: string, lockMs: number): DocumentStore => {
  const given = resolve(path)
  const closing = new AbortController()
  const read = (): Promise<HeldDocument> => named(async () => readDocument(await targetOf(given)))
  // What only publishers and watchers need is loaded for them (bench: command).
  const open = async (): Promise<PublishedFile> => {
    const { PublishedFile: File } = await import('./published-file.ts')
    return new File(await targetOf(given), lockMs)
  }
  return {
    place: `file ${given}`,
    read,
    history: (_, limit) => named(async () => (await open()).history(limit)),
    entry: (number) => named(async () => (await open()).entry(number)),
    write: (change, signal) => named(async () => (await open()).write(change, signal)),
    watch: async function* (signal) {
      const { watchDocument } = await import('./watch-document.ts')
      yield* watchDocument(given, read, AbortSignal.any([signal, closing.signal]))
    },
    close: async () => closing.abort(),
  }
}

/** A symlink stays, and what it leads to is replaced. */
const targetOf = async (path: string): Promise<string> => {
  try {
    return await realpath(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    return path
  }
}

/** Gives the errors of the file system their codes. */
const named = async <Value>(work: () => Promise<Value>): Promise<Value> => {
  try {
    return await work()
  } catch (error) {
    if (isChangeoverError(error)) throw error
    if (error instanceof SourceError) throw changeoverError(error.code, {}, error.cause)
    throw changeoverError('command.file-failed', {}, error)
  }
}
