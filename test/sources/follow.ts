import { expect, vi } from 'vitest'
import type { Revision } from '../../src/model/revision.ts'
import type { Document, ReadResult, Source, SourceEvent } from '../../src/api/source.ts'
import { SourceError } from '../../src/api/source.ts'

/** For waits on a condition; nothing takes this long unless it is broken. */
export const SOON = { timeout: 20_000, interval: 20 }

export const never = new AbortController().signal

export const textOf = (event: SourceEvent | ReadResult | undefined): string | undefined =>
  event?.kind === 'document' ? Buffer.from(event.content).toString('utf8') : undefined

export const readDocument = async (source: Source): Promise<Document> => {
  const reading = await source.read(never)
  if (reading.kind !== 'document') throw new Error(`read ${reading.kind} where there is a document`)
  return reading
}

/** The code with which `work` is refused; `undefined` where it is not. */
export const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work
    return undefined
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return error.code
  }
}

/** A watch that is consumed as fast as it reports. */
export interface Followed {
  readonly events: readonly SourceEvent[]
  readonly texts: () => (string | undefined)[]
  readonly stop: () => Promise<void>
  /** What the watch threw; `end` once it ended without an error. */
  readonly outcome: () => unknown
  readonly code: () => string | undefined
}

/** Opens a watch and waits until it says so, or, with `opened: false`, does not wait. */
export const follow = async (
  source: Source,
  after: Revision,
  { opened = true }: { readonly opened?: boolean } = {},
): Promise<Followed> => {
  const controller = new AbortController()
  const events: SourceEvent[] = []
  let outcome: unknown
  const run = async (): Promise<void> => {
    try {
      for await (const event of source.watch(after, controller.signal)) events.push(event)
      outcome = 'end'
    } catch (error) {
      outcome = error
    }
  }
  const running = run()
  if (opened) await vi.waitFor(() => expect(events[0] ?? outcome).toEqual({ kind: 'opened' }), SOON)
  return {
    events,
    texts: () => events.filter((event) => event.kind !== 'opened').map(textOf),
    stop: () => {
      controller.abort()
      return running
    },
    outcome: () => outcome,
    code: () => (outcome instanceof SourceError ? outcome.code : undefined),
  }
}

/**
 * Lets two changes go through an open watch. By then etcd has also answered the sign of life that every watch asks for
 * when it opens; before that, only gRPC's slower keepalive would notice a silent server.
 */
export const exchange = async (watched: Followed, put: (text: string) => Promise<unknown>): Promise<void> => {
  for (const text of ['{"beat":1}', '{"beat":2}']) {
    await put(text)
    await vi.waitFor(() => expect(watched.texts().at(-1)).toBe(text), SOON)
  }
}
