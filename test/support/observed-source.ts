import type { ReadResult, Source, SourceEvent } from '../../src/api/source.ts'

/** What a test may do between the reloader and its source. */
export interface SourceHooks {
  /** Awaited before a watch is opened. */
  beforeWatch?: () => Promise<void> | void
  /** Called with each event before the reloader gets it. */
  onEvent?: (event: SourceEvent) => void
}

/** A source, with counts of what it was asked. */
export interface ObservedSource {
  readonly source: Source
  readonly hooks: SourceHooks
  /** Reads started so far. */
  readonly reads: () => number
  /** Watches started so far. */
  readonly watches: () => number
  /** Reads answered so far, and when the last answer came, by `performance.now()`. */
  readonly answers: () => { readonly count: number; readonly at: number }
}

/** Counts the calls of a source, and runs `onCall` soon after each has started. */
export const observeSource = (source: Source, onCall: () => void = () => undefined): ObservedSource => {
  const hooks: SourceHooks = {}
  let reads = 0
  let watches = 0
  let answers = { count: 0, at: 0 }

  const read = async (signal: AbortSignal): Promise<ReadResult> => {
    reads += 1
    setImmediate(onCall)
    const result = await source.read(signal)
    answers = { count: answers.count + 1, at: performance.now() }
    return result
  }
  const watch: Source['watch'] = async function* (after, signal) {
    watches += 1
    setImmediate(onCall)
    await hooks.beforeWatch?.()
    for await (const event of source.watch(after, signal)) {
      hooks.onEvent?.(event)
      yield event
    }
  }
  return {
    source: { ...source, read, watch },
    hooks,
    reads: () => reads,
    watches: () => watches,
    answers: () => answers,
  }
}
