import type { ReadResult, Source, SourceEvent } from '../../src/api/source.ts'

/** What a test may do to a source between the reloader and it, beside counting. */
export interface Hooks {
  /** Awaited before a watch is opened. */
  beforeWatch?: () => Promise<void> | void
  /** Told of each event before the reloader is. */
  onEvent?: (event: SourceEvent) => void
}

/** What has been seen of a source. */
export interface Observed {
  readonly source: Source
  readonly hooks: Hooks
  /** Reads begun so far. */
  readonly reads: () => number
  /** Watches begun so far. */
  readonly watches: () => number
  /** Answers of etcd so far, and when the last came, by `performance.now()`. */
  readonly answers: () => { readonly count: number; readonly at: number }
}

/** Counts what a source is asked, and runs `onTurn` soon after each call has begun. */
export const observe = (source: Source, onTurn: () => void = () => undefined): Observed => {
  const hooks: Hooks = {}
  let reads = 0
  let watches = 0
  let answers = { count: 0, at: 0 }

  const read = async (signal: AbortSignal): Promise<ReadResult> => {
    reads += 1
    setImmediate(onTurn)
    const reading = await source.read(signal)
    answers = { count: answers.count + 1, at: performance.now() }
    return reading
  }
  const watch: Source['watch'] = async function* (after, signal) {
    watches += 1
    setImmediate(onTurn)
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
