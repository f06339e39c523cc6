import { expect, vi } from 'vitest'
import type { Revision } from '../../src/model/revision.ts'
import { SourceError, type Document, type ReadResult, type Source, type SourceEvent } from '../../src/api/source.ts'

/** For waits on a condition. Nothing takes this long unless it is broken. */
export const SOON = { timeout: 20_000, interval: 10 }

/** A signal that never aborts. */
export const never = new AbortController().signal

/** The text of a document; undefined for anything else. */
export const textOf = (event: SourceEvent | undefined): string | undefined =>
  event?.kind === 'document' ? decode(event.content) : undefined

const decode = (content: string | Uint8Array): string =>
  typeof content === 'string' ? content : Buffer.from(content).toString('utf8')

export const readDocument = async (source: Source): Promise<Document> => asDocument(await source.read(never))

const asDocument = (result: ReadResult): Document => {
  if (result.kind !== 'document') throw new Error(`found ${result.kind} instead of a document`)
  return result
}

/** The code with which `work` rejects; undefined if it resolves. */
export const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work
    return undefined
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return error.code
  }
}

/** A watch whose events are consumed as fast as it reports them. */
export interface Followed {
  readonly events: readonly SourceEvent[]
  /** The texts of what was reported, without `opened`. */
  readonly texts: () => (string | undefined)[]
  /** Aborts the watch and waits for its end. */
  readonly stop: () => Promise<void>
  /** Undefined while the watch runs; then `end`, or what it threw. */
  readonly outcome: () => unknown
  readonly code: () => string | undefined
}

/** Opens a watch, without waiting for `opened`. */
export const follow = (source: Source, after: Revision): Followed => {
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

/** Opens a watch and waits until it reports `opened`. */
export const followOpened = async (source: Source, after: Revision): Promise<Followed> => {
  const followed = follow(source, after)
  await vi.waitFor(() => expect(followed.events[0] ?? followed.outcome()).toEqual({ kind: 'opened' }), SOON)
  return followed
}
