import type { Revision } from '../../model/revision.ts'
import { SourceError, type ReadResult } from '../../api/source.ts'
import { callKv } from './connection/auth.ts'
import { withFailover, type Cluster } from './connection/failover.ts'
import { toNumber } from './connection/lineage.ts'
import type { PrefixTarget, Target } from './options.ts'
import { readPages, type RangeCall } from './paging.ts'
import { formPrefixDocument, keyOrigins } from './prefix-document.ts'

/** The revision name of a missing document. `publish` takes it as "must not exist". */
export const MISSING_REVISION = '0'

/** Reads the newest document, by linearizable reads. */
export const readTarget = (cluster: Cluster, target: Target, parent: AbortSignal): Promise<ReadResult> =>
  withFailover(cluster, parent, (connection, signal) => {
    const range: RangeCall = (request) =>
      callKv(cluster, connection, signal, (kv, ...rest) => kv.range(request, ...rest))
    return target.kind === 'key' ? readKey(cluster, target.key, range) : readPrefix(cluster, target, range)
  })

const readKey = async ({ lineages }: Cluster, key: Buffer, range: RangeCall): Promise<ReadResult> => {
  const before = lineages.mark()
  const { header, kvs } = await range({ key })
  const [kv] = kvs
  const position = lineages.observe(header, before, toNumber(kv?.mod_revision ?? MISSING_REVISION))
  if (kv === undefined) return { kind: 'missing', revision: { ...position, name: MISSING_REVISION } }
  // A copy, since the buffer is a view of the whole message.
  return { kind: 'document', revision: { ...position, name: kv.mod_revision }, content: new Uint8Array(kv.value) }
}

const readPrefix = async ({ lineages }: Cluster, target: PrefixTarget, range: RangeCall): Promise<ReadResult> => {
  const before = lineages.mark()
  const { position, total, count, newest, entries } = await readPages(target, range, (header, highest, first) => {
    const found = lineages.observe(header, first === undefined ? before : lineages.mark(), highest)
    // The store was replaced between two pages, so no revision holds both.
    if (first !== undefined && found.lineage !== first.lineage) throw new SourceError('source.closed')
    return found
  })
  // The newest mod_revision and the number of keys identify one state: a write raises the first, and a delete without a
  // write lowers the second.
  const name = count === 0 ? MISSING_REVISION : `${newest}/${count}`
  const revision: Revision = { ...position, name }
  if (count === 0) return { kind: 'missing', revision }
  if (entries === undefined) return { kind: 'malformed', revision, code: 'document.too-large' }
  const formed = formPrefixDocument(entries, target.values, total)
  if (formed.kind === 'malformed') return { ...formed, revision }
  const { revisions, ...document } = formed
  return { ...document, revision, origins: keyOrigins(target.key.toString(), revisions, name) }
}
