import type { SourceCode } from '../../model/failure.ts'
import type { Revision } from '../../model/revision.ts'
import { SourceError, type ReadResult, type Source, type SourceEvent } from '../../api/source.ts'
import { createMailbox, type Mailbox } from './memory-mailbox.ts'
import { createGate, createScript } from './scripted-failures.ts'
import { createMemoryStore, type MemoryContent } from './memory-document.ts'

export type { MemoryContent } from './memory-document.ts'

/**
 * A source in memory and, on the same object, the controls with which a test plays its world. Lineages are `memory-1`,
 * `memory-2`…; orders start at 1 and rise by 1 with each change; a revision's name is its order.
 */
export interface MemorySource extends Source {
  readonly close: () => Promise<void>
  /** The revision that a read finds now. */
  readonly revision: Revision
  /** How many reads were started, failed and hanging ones included. */
  readonly reads: number
  /** How many watches are open. */
  readonly watches: number
  /** Replaces the document; the same content again is a new revision too. */
  readonly put: (content: MemoryContent) => Revision
  /** Removes the document; does nothing where there is none. */
  readonly delete: () => Revision
  /** The store is lost and starts anew: the next lineage at order 1, without a document. Open watches are told. */
  readonly wipe: () => Revision
  /** Makes reads reject with `code`: the next `times`, or all until `heal`. */
  readonly failReads: (code: SourceCode, times?: number) => void
  /** Makes reads pend until `heal` or until their signal aborts; `deaf` ones do not heed their signal. */
  readonly hangReads: (options?: { readonly deaf?: boolean }) => void
  /** Makes the next `times` reads, or all until `heal`, find what there was before the last change, as a lagging replica does. */
  readonly staleReads: (times?: number) => void
  /** Makes new watches throw `code` at once: the next `times`, or all until `heal`. */
  readonly failWatches: (code: SourceCode, times?: number) => void
  /** Breaks all open watches with `code`; what they had to report before is still reported. */
  readonly breakWatch: (code: SourceCode) => void
  /** Watches stay open but report no change until `heal`, which does not make up for those missed. */
  readonly silence: () => void
  /** Hands `event` to all open watches as it is, even when silent: a duplicate, one out of order, a foreign lineage. */
  readonly deliver: (event: SourceEvent) => void
  /** Ends every scripted failure; reads that hang are answered. */
  readonly heal: () => void
}

type Store = ReturnType<typeof createMemoryStore>

/** The open watches and what they are told. */
const createWatches = (store: Store) => {
  const script = createScript()
  const open = new Set<Mailbox>()
  let silent = false
  let closed = false

  async function* watch(after: Revision, signal: AbortSignal): AsyncGenerator<SourceEvent, void, undefined> {
    if (signal.aborted) return
    if (closed) throw new SourceError('source.closed')
    script.play()
    const mailbox = createMailbox()
    // On the abort itself, since a consumer that hangs would never let `finally` run.
    const stop = (): void => {
      open.delete(mailbox)
      mailbox.end()
    }
    signal.addEventListener('abort', stop, { once: true })
    open.add(mailbox)
    mailbox.inject({ kind: 'opened' })
    const now = store.revision()
    if (!silent && (now.lineage !== after.lineage || now.order > after.order)) mailbox.report(store.reading())
    try {
      for (let event = await mailbox.take(); event !== undefined; event = await mailbox.take()) yield event
    } finally {
      signal.removeEventListener('abort', stop)
      stop()
    }
  }

  const breakAll = (code: SourceCode): void => {
    for (const mailbox of open) mailbox.fail(new SourceError(code))
    open.clear()
  }

  return {
    watch,
    script,
    breakAll,
    count: () => open.size,
    changed: (): Revision => {
      if (!silent) for (const mailbox of open) mailbox.report(store.reading())
      return store.revision()
    },
    deliver: (event: SourceEvent): void => {
      for (const mailbox of open) mailbox.inject(event)
    },
    setSilent: (on: boolean): void => {
      silent = on
    },
    close: (): void => {
      closed = true
      breakAll('source.closed')
    },
  }
}

/** Makes a {@link MemorySource} that holds `initial`, or nothing. */
export const memorySource = (initial?: MemoryContent): MemorySource => {
  const store = createMemoryStore(initial)
  const watches = createWatches(store)
  const gate = createGate()
  const script = createScript()
  let closed = false
  let reads = 0
  let stale = 0

  const read = async (signal: AbortSignal): Promise<ReadResult> => {
    reads += 1
    if (!signal.aborted) await gate.pass(signal)
    if (closed) throw new SourceError('source.closed')
    if (signal.aborted) throw new SourceError('source.timeout', signal.reason)
    script.play()
    if (stale <= 0) return store.reading()
    stale -= 1
    return store.before()
  }

  return {
    name: 'memory',
    endpoint: 'memory',
    read,
    watch: watches.watch,
    close: async () => {
      closed = true
      watches.close()
      gate.open()
    },
    get revision() {
      return store.revision()
    },
    get reads() {
      return reads
    },
    get watches() {
      return watches.count()
    },
    put: (content) => {
      store.put(content)
      return watches.changed()
    },
    delete: () => (store.delete() ? watches.changed() : store.revision()),
    wipe: () => {
      store.wipe()
      return watches.changed()
    },
    failReads: (code, times = Number.POSITIVE_INFINITY) => script.set(code, times),
    hangReads: (options = {}) => gate.shut(options.deaf ?? false),
    staleReads: (times = Number.POSITIVE_INFINITY) => {
      stale = times
    },
    failWatches: (code, times = Number.POSITIVE_INFINITY) => watches.script.set(code, times),
    breakWatch: watches.breakAll,
    silence: () => watches.setSilent(true),
    deliver: watches.deliver,
    heal: () => {
      stale = 0
      script.clear()
      watches.script.clear()
      watches.setSilent(false)
      gate.open()
    },
  }
}
