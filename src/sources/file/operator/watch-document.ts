import type { HeldDocument } from '../../../history/document-store.ts'
import { fileSource } from '../file-source.ts'

/** Yields the document of a file whenever it has changed; `read` reads it. */
export async function* watchDocument(
  path: string,
  read: () => Promise<HeldDocument>,
  signal: AbortSignal,
): AsyncGenerator<HeldDocument, void, undefined> {
  const source = fileSource({ path })
  try {
    const first = await source.read(signal)
    let last = await read()
    yield last
    for await (const event of source.watch(first.revision, signal)) {
      if (event.kind === 'opened') continue
      const next = await read()
      if (next.revision !== last.revision) yield next
      last = next
    }
  } finally {
    await source.close?.()
  }
}
