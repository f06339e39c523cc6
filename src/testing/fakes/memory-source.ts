import { type ReadResult, type Source, SourceError, type SourceEvent } from '../../api/source.ts'
import { LatestValue } from '../../async/latest-value.ts'
import type { SourceCode } from '../../model/failure.ts'
import type { Revision } from '../../model/revision.ts'
import {
  createMemoryDocument,
  type MemoryContent,
  type MemoryDocument,
  type MemorySourceOptions,
} from './memory-document.ts'
import { createHangPoint, createScriptedFailures } from './scripted-failures.ts'

export type { MemoryContent, MemorySourceOptions } from './memory-document.ts'

/**
 * A source in memory that also has the controls for a test. Lineages are `memory-1`, `memory-2`…; orders start at 1 and rise
 * by 1 with each change; the name of a revision is the order at which its document was written, or stands for its content.
 */
export interface MemorySource extends Source {
  readonly close: () => Promise<void>
  /** The revision that a read returns now. */
  readonly revision: Revision
  /** The number of reads that were started, including those that failed or hang. */
  readonly reads: number
  /** The number of open watches. */
  readonly watches: number
  /** Replaces the document. The same content makes a new revision too. */
  readonly put: (content: MemoryContent) => Revision
  /** Removes the document, if there is one. */
  readonly delete: () => Revision
  /**
   * Raises the order without a change, as a store does in which something else is written, and reports the same document
   * under its old name at the later order.
   */
  readonly renew: () => Revision
  /** Simulates the loss of the store: starts the next lineage at order 1, without a document, and reports that to watches. */
  readonly wipe: () => Revision
  /** Makes reads reject with `code`: the next `times`, or all of them until `heal`. */
  readonly failReads: (code: SourceCode, times?: number) => void
  /** Makes reads hang until `heal`, or until their signal aborts. With `deaf`, they ignore their signal. */
  readonly hangReads: (options?: { readonly deaf?: boolean }) => void
  /** Makes reads return the document before the last change, like a lagging replica: the next `times`, or all until `heal`. */
  readonly staleReads: (times?: number) => void
  /** Makes new watches throw `code` at once: the next `times`, or all of them until `heal`. */
  readonly failWatches: (code: SourceCode, times?: number) => void
  /** Breaks all open watches with `code`, after they have reported the changes before the break. */
  readonly breakWatch: (code: SourceCode) => void
  /** Makes watches report no change until `heal`. Missed changes are not reported later. */
  readonly silence: () => void
  /** Reports `event` to all open watches, even silent ones: a duplicate, an event out of order, a foreign lineage. */
  readonly deliver: (event: SourceEvent) => void
  /** Ends every scripted failure and releases the reads that hang. */
  readonly heal: () => void
}

/**
 * Creates a {@link MemorySource} that holds `initial`, or no document.
 * @throws TypeError if `initial` has no JSON text
 * @example
 * const source = memorySource({ log: { level: 'info' } })
 * const reloader = createReloader({ source, schema }).use('log', (c) => c.log, logLevel(logger))
 * await reloader.start()
 * source.put({ log: { level: 'debug' } })
 */
export const memorySource = (initial?: MemoryContent, options: MemorySourceOptions = {}): MemorySource => {
  const document = createMemoryDocument(initial, options)
  const watches = createWatches(document)
  const failures = createScriptedFailures()
  const hangPoint = createHangPoint()
  let isClosed = false
  let reads = 0
  let staleReads = 0

  const read = async (signal: AbortSignal): Promise<ReadResult> => {
    reads += 1
    if (!signal.aborted) await hangPoint.pass(signal)
    if (isClosed) throw new SourceError('source.closed')
    if (signal.aborted) throw new SourceError('source.timeout', signal.reason)
    failures.throwIfScheduled()
    if (staleReads <= 0) return document.read()
    staleReads -= 1
    return document.readPrevious()
  }

  return {
    name: 'memory',
    endpoint: 'memory',
    read,
    watch: watches.watch,
    close: async () => {
      isClosed = true
      watches.close()
      hangPoint.release()
    },
    get revision() {
      return document.revision()
    },
    get reads() {
      return reads
    },
    get watches() {
      return watches.count()
    },
    put: (content) => {
      document.put(content)
      return watches.reportChange()
    },
    delete: () => (document.delete() ? watches.reportChange() : document.revision()),
    renew: () => {
      document.renew()
      return watches.reportChange()
    },
    wipe: () => {
      document.wipe()
      return watches.reportChange()
    },
    failReads: (code, times = Number.POSITIVE_INFINITY) => failures.schedule(code, times),
    hangReads: ({ deaf = false } = {}) => hangPoint.hang(deaf),
    staleReads: (times = Number.POSITIVE_INFINITY) => {
      staleReads = times
    },
    failWatches: (code, times = Number.POSITIVE_INFINITY) => watches.failures.schedule(code, times),
    breakWatch: watches.breakAll,
    silence: () => watches.setSilent(true),
    deliver: watches.deliver,
    heal: () => {
      staleReads = 0
      failures.clear()
      watches.failures.clear()
      watches.setSilent(false)
      hangPoint.release()
    },
  }
}

/** Makes the set of open watches of a document. */
const createWatches = (document: MemoryDocument) => {
  const failures = createScriptedFailures()
  const open = new Set<LatestValue<SourceEvent>>()
  let isSilent = false
  let isClosed = false

  async function* watch(after: Revision, signal: AbortSignal): AsyncGenerator<SourceEvent, void, undefined> {
    if (signal.aborted) return
    if (isClosed) throw new SourceError('source.closed')
    failures.throwIfScheduled()
    const events = new LatestValue<SourceEvent>()
    // On the abort itself, because a consumer that hangs would never let `finally` run.
    const stop = (): void => {
      open.delete(events)
      events.end()
    }
    signal.addEventListener('abort', stop, { once: true })
    open.add(events)
    events.queue({ kind: 'opened' })
    const now = document.revision()
    if (!isSilent && (now.lineage !== after.lineage || now.order > after.order)) events.put(document.read())
    try {
      for (let event = await events.take(); event !== undefined; event = await events.take()) yield event
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
    }
  }

  const breakAll = (code: SourceCode): void => {
    for (const events of open) events.fail(new SourceError(code))
    open.clear()
  }

  return {
    watch,
    failures,
    breakAll,
    count: () => open.size,
    reportChange: (): Revision => {
      if (!isSilent) for (const events of open) events.put(document.read())
      return document.revision()
    },
    deliver: (event: SourceEvent): void => {
      for (const events of open) events.queue(event)
    },
    setSilent: (on: boolean): void => {
      isSilent = on
    },
    close: (): void => {
      isClosed = true
      breakAll('source.closed')
    },
  }
}
