import { randomUUID } from 'node:crypto'
import { withTarget } from '../../../api/internal/source-target.ts'
import { type ReadResult, type Source, type SourceContext, SourceError } from '../../../api/source.ts'

/** What a source that never changes is made of. */
interface FixedParts {
  readonly name: string
  readonly endpoint: string
  /** Makes the document when it is first read. */
  readonly read: (context: SourceContext | undefined) => UnnamedResult
}

type Unnamed<T> = T extends ReadResult ? Omit<T, 'revision'> : never

/** A read result that has its revision yet to get. */
export type UnnamedResult = Unnamed<ReadResult>

/** Makes a source whose document stays the same as long as the process lives. */
export const fixedSource = ({ name, endpoint, read }: FixedParts): Source => {
  // Another process may have another document, and a hash of this one would say something about its values.
  const revision = { lineage: `${name}-${randomUUID()}`, order: 1, name }
  const open = new Set<() => void>()
  let context: SourceContext | undefined
  let result: ReadResult | undefined
  let isClosed = false

  async function* watch(_after: unknown, signal: AbortSignal): AsyncGenerator<{ readonly kind: 'opened' }, void> {
    if (signal.aborted) return
    if (isClosed) throw new SourceError('source.closed')
    let end = (): void => undefined
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    signal.addEventListener('abort', end, { once: true })
    open.add(end)
    try {
      yield { kind: 'opened' }
      await ended
    } finally {
      open.delete(end)
      signal.removeEventListener('abort', end)
    }
  }

  const made: Source = {
    name,
    endpoint,
    attach: (given) => {
      context = given
    },
    read: async () => {
      if (isClosed) throw new SourceError('source.closed')
      result ??= { ...read(context), revision } as ReadResult
      return result
    },
    watch,
    close: async () => {
      isClosed = true
      for (const end of open) end()
    },
  }
  return withTarget(made, { kind: 'fixed' })
}
