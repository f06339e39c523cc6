import { createHash } from 'node:crypto'
import { readFileState } from '../../../files/read-file.ts'
import { type HeldDocument, NO_REVISION } from '../../../history/document-store.ts'
import { heldTextOf } from '../../../history/held-text.ts'
import { changeoverError } from '../../../model/failure.ts'

/** Reads the document of a file. */
export const readDocument = async (path: string): Promise<HeldDocument> => {
  const state = await readFileState(path)
  if (state.kind === 'missing') return { revision: NO_REVISION, text: undefined }
  if (state.kind !== 'content') throw changeoverError('document.too-large', { detail: 'more than 64 MiB' })
  return { revision: revisionOf(state.stamp), text: heldTextOf(state.bytes) }
}

/** Made of the identity and the times of the file, and of nothing that it holds. */
export const revisionOf = (stamp: string): string => createHash('sha256').update(stamp).digest('hex').slice(0, 12)
