import type { Metadata } from '@grpc/grpc-js'
import type { IRangeRequest, IRangeResponse } from 'etcd3'
import type { Revision } from '../../model/revision.ts'
import { SourceError, type ReadResult } from '../../api/source.ts'
import { withAuth } from './auth.ts'
import type { HostConnection } from './connection-pool.ts'
import { withFailover, type Cluster } from './failover.ts'
import { toNumber } from './lineage.ts'
import type { KeyTarget, PrefixTarget, Target } from './options.ts'
import { readPages, type RangeCall } from './paging.ts'
import { formPrefixDocument } from './prefix-document.ts'
import { unaryCall } from './unary-call.ts'

/** The revision name of a missing document. `publish` takes it as "must not exist". */
export const MISSING_REVISION = '0'

/** Reads the newest document, by linearizable reads. */
export const readTarget = (cluster: Cluster, target: Target, parent: AbortSignal): Promise<ReadResult> =>
  withFailover(cluster, parent, (connection, signal) => {
    const range: RangeCall = (request) => callRange(cluster, connection, signal, request)
    return target.kind === 'key' ? readKey(cluster, target, range) : readPrefix(cluster, target, range)
  })

/** Makes one range call, logged in. */
export const callRange = async (
  cluster: Cluster,
  connection: HostConnection,
  signal: AbortSignal,
  request: IRangeRequest,
): Promise<IRangeResponse> => {
  const { clock, deadlines } = cluster.settings
  const stub = await connection.stub('KV')
  return withAuth(cluster, connection, signal, (metadata: Metadata) =>
    unaryCall((callback) => stub.range(request, metadata, callback), {
      clock,
      deadlineMs: deadlines.callMs,
      signal,
    }),
  )
}

const readKey = async ({ lineages }: Cluster, target: KeyTarget, range: RangeCall): Promise<ReadResult> => {
  const before = lineages.mark()
  const { header, kvs } = await range({ key: target.key })
  const position = { lineage: lineages.observe(header, before), order: toNumber(header.revision) }
  const [kv] = kvs
  if (kv === undefined) return { kind: 'missing', revision: { ...position, name: MISSING_REVISION } }
  // A copy, since the buffer is a view of the whole message.
  return { kind: 'document', revision: { ...position, name: kv.mod_revision }, content: new Uint8Array(kv.value) }
}

const readPrefix = async ({ lineages }: Cluster, target: PrefixTarget, range: RangeCall): Promise<ReadResult> => {
  const before = lineages.mark()
  let lineage: string | undefined
  const { order, count, newest, entries } = await readPages(target, range, (header) => {
    const seen = lineages.observe(header, lineage === undefined ? before : lineages.mark())
    lineage ??= seen
    // The store was replaced between two pages, so no revision holds both.
    if (seen !== lineage) throw new SourceError('source.closed')
  })
  // The newest mod_revision and the number of keys identify one state: a write raises the first, and a delete without a
  // write lowers the second.
  const name = count === 0 ? MISSING_REVISION : `${newest}/${count}`
  const revision: Revision = { lineage: lineage ?? '', order, name }
  if (count === 0) return { kind: 'missing', revision }
  if (entries === undefined) return { kind: 'malformed', revision, code: 'document.too-large' }
  const document = formPrefixDocument(entries, target.values)
  return document.kind === 'formed'
    ? { kind: 'document', revision, content: document.text }
    : { kind: 'malformed', revision, code: document.code }
}
