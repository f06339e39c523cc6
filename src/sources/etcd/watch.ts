import type { IWatchCreateRequest, IWatchResponse } from 'etcd3'
import type { Revision } from '../../model/revision.ts'
import { SourceError, type SourceEvent } from '../../api/source.ts'
import { authorized } from './auth.ts'
import { linkSignals } from './unary-call.ts'
import { isSuspicious, type Context } from './failover.ts'
import { toSourceError } from './errors.ts'
import { clusterOf, toNumber } from './lineage.ts'
import { makeMailbox, type Mailbox } from '../../async/latest-value.ts'
import { NOTHING } from './read.ts'
import type { Target } from './target.ts'
import { followStream } from './watch-stream.ts'

// etcd3's own watcher is not used. It reconnects by itself and then takes its start from the answer instead of from the
// last event, so events are lost unseen; it hides the compacted revision; and it gives up for good on an expired token.

/** Reports what changes after `after`; ends when `signal` aborts, throws at every break. */
export const watchTarget = async function* (
  context: Context,
  target: Target,
  after: Revision,
  signal: AbortSignal,
): AsyncGenerator<SourceEvent, void, undefined> {
  if (signal.aborted) return
  const left = new AbortController()
  const mailbox = makeMailbox()
  const stop = linkSignals(signal, context.closed, left.signal)
  // The stream lives by the signal, not by the consumer: one that hangs in its loop holds nothing open.
  const running = runWatch(context, target, after, stop.signal, mailbox).catch((error: unknown) => {
    stop.unlink()
    mailbox.end(signal.aborted ? undefined : toSourceError(error))
  })
  try {
    for (let event = await mailbox.take(); event !== undefined; event = await mailbox.take()) {
      if (signal.aborted) return
      yield event
    }
  } finally {
    left.abort()
    await running
  }
}

const runWatch = async (
  context: Context,
  target: Target,
  after: Revision,
  signal: AbortSignal,
  mailbox: Mailbox,
): Promise<never> => {
  const { connection, handles, lineages } = context
  const current = lineages.current()
  const isOtherStore = current !== undefined && current !== after.lineage
  if (signal.aborted || isOtherStore) throw new SourceError('source.closed')
  const handle = handles.acquire()
  let isOpen = false
  try {
    const stub = await handle.stub('Watch')
    const listener = {
      onCreated: ({ header }: IWatchResponse): void => {
        // Another store, or a member that lags behind: it would report nothing, or of revisions that are not ours.
        const isOther = header.cluster_id !== clusterOf(after.lineage)
        if (isOther || toNumber(header.revision) < after.order) throw new SourceError('source.closed')
        isOpen = true
        mailbox.put({ kind: 'opened' })
      },
      onEvents: (answer: IWatchResponse): void => {
        const last = answer.events.at(-1)
        if (last !== undefined) lineages.advance(after.lineage, toNumber(last.kv.mod_revision))
        mailbox.put(toEvent(target, after.lineage, answer))
      },
    }
    const limits = { clock: connection.clock, deadlines: connection.deadlines, signal }
    return await authorized(
      context,
      handle,
      signal,
      (metadata) => followStream(stub.watch(metadata), createRequest(target, after), limits, listener),
      // Some versions of etcd refuse a watch with an expired token as they refuse one that is not allowed.
      ({ code }) => !isOpen && (code === 'source.unauthenticated' || code === 'source.denied'),
    )
  } catch (error) {
    if (isSuspicious(toSourceError(error).code)) handles.retire(handle)
    throw error
  } finally {
    handles.release(handle)
  }
}

const createRequest = (target: Target, after: Revision): IWatchCreateRequest => ({
  key: target.key,
  start_revision: String(after.order + 1),
  // A catch-up of many megabytes then comes in pieces. A piece holds whole events, and that is all that is asked of it.
  fragment: true,
  ...(target.kind === 'prefix' ? { range_end: target.end } : {}),
})

/** The last event of one answer is the newest; of a prefix it is one key among others, so only a read can tell. */
const toEvent = (target: Target, lineage: string, { events }: IWatchResponse): SourceEvent => {
  const last = events.at(-1)
  if (target.kind === 'prefix' || last === undefined) return { kind: 'changed' }
  // The event's own revision, not the header's, which may be ahead of it.
  const { mod_revision, value } = last.kv
  const as = { lineage, order: toNumber(mod_revision) }
  return last.type === 'Delete'
    ? { kind: 'missing', revision: { ...as, name: NOTHING } }
    : { kind: 'document', revision: { ...as, name: mod_revision }, content: new Uint8Array(value) }
}
