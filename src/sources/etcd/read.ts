import type { Metadata } from '@grpc/grpc-js'
import type { IRangeRequest, IRangeResponse } from 'etcd3'
import type { Revision } from '../../model/revision.ts'
import { SourceError, type ReadResult } from '../../api/source.ts'
import { authorized } from './auth.ts'
import { call } from './unary-call.ts'
import type { Handle } from './connection-pool.ts'
import { onSomeHost, type Context } from './failover.ts'
import { toNumber } from './lineage.ts'
import { readPages, type Range } from './paging.ts'
import type { Target } from './target.ts'
import { formTree } from './prefix-document.ts'

/** The name of the revision at which there is nothing; `publish` takes it for "must not exist". */
export const NOTHING = '0'

type KeyTarget = Target & { readonly kind: 'key' }
type PrefixTarget = Target & { readonly kind: 'prefix' }

/** The newest document, by linearizable reads. */
export const readTarget = (context: Context, target: Target, parent: AbortSignal): Promise<ReadResult> =>
  onSomeHost(context, parent, (handle, signal) => {
    const range: Range = (request) => askRange(context, handle, signal, request)
    return target.kind === 'key' ? readKey(context, target, range) : readPrefix(context, target, range)
  })

/** One range call, logged in. */
export const askRange = async (
  context: Context,
  handle: Handle,
  signal: AbortSignal,
  request: IRangeRequest,
): Promise<IRangeResponse> => {
  const { clock, deadlines } = context.connection
  const stub = await handle.stub('KV')
  return authorized(context, handle, signal, (metadata: Metadata) =>
    call((answered) => stub.range(request, metadata, answered), { clock, ms: deadlines.callMs, signal }),
  )
}

const readKey = async ({ lineages }: Context, target: KeyTarget, range: Range): Promise<ReadResult> => {
  const before = lineages.mark()
  const { header, kvs } = await range({ key: target.key })
  const as = { lineage: lineages.observe(header, before), order: toNumber(header.revision) }
  const [kv] = kvs
  if (kv === undefined) return { kind: 'missing', revision: { ...as, name: NOTHING } }
  // A copy: the buffer is a window on the whole message.
  return { kind: 'document', revision: { ...as, name: kv.mod_revision }, content: new Uint8Array(kv.value) }
}

const readPrefix = async ({ lineages }: Context, target: PrefixTarget, range: Range): Promise<ReadResult> => {
  const before = lineages.mark()
  let lineage: string | undefined
  const pages = await readPages(target, range, (header) => {
    const seen = lineages.observe(header, lineage === undefined ? before : lineages.mark())
    lineage ??= seen
    // The store was replaced between two pages: no revision holds them both.
    if (seen !== lineage) throw new SourceError('source.closed')
  })
  const { order, count, newest } = pages
  // The newest mod_revision and the number of keys name one state: a later state either holds a key written since, and
  // that raises the first, or it is an earlier one with keys taken away, and that lowers the second.
  const name = count === 0 ? NOTHING : `${newest}/${count}`
  const revision: Revision = { lineage: lineage ?? '', order, name }
  if (count === 0) return { kind: 'missing', revision }
  if (pages.entries === undefined) return { kind: 'malformed', revision, code: 'document.too-large' }
  const tree = formTree(pages.entries, target.values)
  return tree.kind === 'formed'
    ? { kind: 'document', revision, content: tree.text }
    : { kind: 'malformed', revision, code: tree.code }
}
