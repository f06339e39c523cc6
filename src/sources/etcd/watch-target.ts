import type { IWatchCreateRequest, IWatchResponse } from 'etcd3'
import type { Revision } from '../../model/revision.ts'
import { SourceError, type SourceEvent } from '../../api/source.ts'
import { linkSignals } from '../../async/abort.ts'
import { LatestValue } from '../../async/latest-value.ts'
import { withAuth } from './connection/auth.ts'
import { toSourceError } from './connection/errors.ts'
import { isConnectionSuspect, type Cluster } from './connection/failover.ts'
import { storeRevisionOf, toNumber } from './connection/lineage.ts'
import type { Target } from './options.ts'
import { isReservedKey } from './operator/reserved-keys.ts'
import { MISSING_REVISION } from './read-target.ts'
import { followStream } from './watch-stream.ts'

// etcd3's own watcher is not used. It reconnects on its own, and continues from the response instead of the last event,
// so events are lost unnoticed. It also hides the compacted revision, and stops for good when a token has expired.

/** Reports the changes after `after`. Ends when `signal` aborts, and throws at every break. */
export const watchTarget = async function* (
  cluster: Cluster,
  target: Target,
  after: Revision,
  signal: AbortSignal,
): AsyncGenerator<SourceEvent, void, undefined> {
  if (signal.aborted) return
  const left = new AbortController()
  const channel = new LatestValue<SourceEvent>()
  const stop = linkSignals(signal, cluster.closed, left.signal)
  // The signal ends the stream, not the consumer: a consumer that hangs in its loop keeps nothing open.
  const running = runWatch(cluster, target, after, stop.signal, channel).catch((error: unknown) => {
    stop.unlink()
    if (signal.aborted) channel.end()
    else channel.fail(toSourceError(error))
  })
  try {
    for (let event = await channel.take(); event !== undefined; event = await channel.take()) {
      if (signal.aborted) return
      yield event
    }
  } finally {
    left.abort()
    await running
  }
}

const runWatch = async (
  cluster: Cluster,
  target: Target,
  after: Revision,
  signal: AbortSignal,
  channel: LatestValue<SourceEvent>,
): Promise<never> => {
  const { settings, pool, lineages } = cluster
  const current = lineages.current()
  const isOtherStore = current !== undefined && current !== after.lineage
  if (signal.aborted || isOtherStore) throw new SourceError('source.closed')
  const connection = await pool.acquire(signal)
  let isOpen = false
  const refuseForeign = (header: IWatchResponse['header']): void => {
    if (lineages.isForeign(header, after.lineage)) throw new SourceError('source.closed')
  }
  try {
    const stub = await connection.stub('Watch')
    const listener = {
      onCreated: ({ header }: IWatchResponse): void => {
        refuseForeign(header)
        // A member that lags behind, or a store that was wiped: it would report nothing for a long time.
        const reached = storeRevisionOf(header)
        if (reached !== undefined && reached < after.order) throw new SourceError('source.closed')
        isOpen = true
        channel.queue({ kind: 'opened' })
      },
      onEvents: (response: IWatchResponse): void => {
        refuseForeign(response.header)
        const last = response.events.at(-1)
        if (last !== undefined) lineages.advance(after.lineage, toNumber(last.kv.mod_revision))
        if (isAboutDocument(target, response)) channel.put(toSourceEvent(target, after.lineage, response))
      },
    }
    return await withAuth(
      cluster,
      connection,
      signal,
      (metadata) => followStream(stub.watch(metadata), createRequest(target, after), settings, signal, listener),
      // Some versions of etcd refuse a watch with an expired token as if it were not allowed.
      ({ code }) => !isOpen && (code === 'source.unauthenticated' || code === 'source.denied'),
    )
  } catch (error) {
    if (isConnectionSuspect(toSourceError(error).code)) pool.retire(connection)
    throw error
  } finally {
    pool.release(connection)
  }
}

const createRequest = (target: Target, after: Revision): IWatchCreateRequest => ({
  key: target.key,
  start_revision: String(after.order + 1),
  // Splits a catch-up of many megabytes into messages, each with whole events.
  fragment: true,
  ...(target.kind === 'prefix' ? { range_end: target.end } : {}),
})

/** What lies beside a key belongs to no document, but may be below the prefix of another. */
const isAboutDocument = ({ kind, key }: Target, { events }: IWatchResponse): boolean =>
  kind === 'key' || !events.every(({ kv }) => isReservedKey(kv.key.subarray(key.length)))

/** The last event of a response is the newest. For a prefix it is only one key of many, so the document must be read. */
const toSourceEvent = (target: Target, lineage: string, { events }: IWatchResponse): SourceEvent => {
  const last = events.at(-1)
  if (target.kind === 'prefix' || last === undefined) return { kind: 'changed' }
  // The revision of the event, since the header's may be ahead of it.
  const { mod_revision, value } = last.kv
  const order = toNumber(mod_revision)
  return last.type === 'Delete'
    ? { kind: 'missing', revision: { lineage, order, name: MISSING_REVISION } }
    : { kind: 'document', revision: { lineage, order, name: mod_revision }, content: new Uint8Array(value) }
}
