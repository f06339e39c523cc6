import type { Metadata } from '@grpc/grpc-js'
import { CompareResult, CompareTarget, type ITxnRequest, type ITxnResponse } from 'etcd3'
import { changeoverError, isChangeoverError, type ChangeoverError } from '../../model/failure.ts'
import { authorized } from './auth.ts'
import { call } from './unary-call.ts'
import { makeContext, onSomeHost, type Context } from './failover.ts'
import { toSourceError } from './errors.ts'
import { invalid, resolveConnection, resolveKey, type EtcdConnection } from './options.ts'
import { askRange, NOTHING } from './read.ts'
import type { Handle } from './connection-pool.ts'

/** Where a document is published. */
export interface PublishTarget extends EtcdConnection {
  readonly key: string
}

export interface PublishOptions {
  /**
   * Publish only while the key is at this revision: the `name` of the revision that was read, which etcd calls
   * mod_revision; `'0'` means that the key must not exist. Left out, whatever is there is replaced.
   */
  readonly ifRevision?: string
  readonly signal?: AbortSignal
}

/**
 * Writes a document to its key, over a connection of its own, and resolves to the name of the new revision.
 *
 * Rejects with a `ChangeoverError`: `source.conflict` where the key is not at `ifRevision` (its revision says where it
 * is), else the code with which etcd failed. It is tried once: after `source.timeout` or `source.unreachable` it may
 * have been written all the same; read the key to know.
 */
export const publish = async (
  target: PublishTarget,
  document: string | Uint8Array,
  { ifRevision, signal }: PublishOptions = {},
): Promise<string> => {
  const key = Buffer.from(resolveKey(target, 'key', target.key))
  const connection = resolveConnection(target)
  if (ifRevision !== undefined && !/^\d+$/.test(ifRevision)) throw invalid('ifRevision', "takes a revision's name")
  const closing = new AbortController()
  const context = makeContext(connection, closing.signal)
  const parent = signal ?? closing.signal
  const value = typeof document === 'string' ? Buffer.from(document) : Buffer.from(document)
  try {
    // A read finds the host that answers, and finds most conflicts; the write is then sent once, to that host.
    const found = await onSomeHost(context, parent, async (handle, linked) =>
      askRange(context, handle, linked, { key }),
    )
    refuseConflict(ifRevision, found.kvs[0]?.mod_revision)
    const answer = await writeOnce(context, parent, requestOf(key, value, ifRevision))
    if (!answer.succeeded) throw conflict(answer.responses[0]?.response_range.kvs[0]?.mod_revision)
    return answer.header.revision
  } catch (error) {
    if (isChangeoverError(error)) throw error
    const failure = toSourceError(error)
    throw changeoverError(failure.code, {}, failure.cause)
  } finally {
    closing.abort()
    context.handles.close()
  }
}

const conflict = (current = NOTHING): ChangeoverError => changeoverError('source.conflict', { revision: current })

const refuseConflict = (asked: string | undefined, current: string | undefined): void => {
  if (asked !== undefined && BigInt(asked) !== BigInt(current ?? NOTHING)) throw conflict(current)
}

const requestOf = (key: Buffer, value: Buffer, ifRevision: string | undefined): ITxnRequest => ({
  success: [{ request_put: { key, value } }],
  failure: [{ request_range: { key, limit: 1 } }],
  ...(ifRevision === undefined
    ? {}
    : {
        compare: [{ key, target: CompareTarget.Mod, result: CompareResult.Equal, mod_revision: ifRevision }],
      }),
})

const writeOnce = async (context: Context, signal: AbortSignal, request: ITxnRequest): Promise<ITxnResponse> => {
  const { handles, connection } = context
  const { clock, deadlines } = connection
  const handle: Handle = handles.acquire()
  try {
    const stub = await handle.stub('KV')
    return await authorized(context, handle, signal, (metadata: Metadata) =>
      call((answered) => stub.txn(request, metadata, answered), { clock, ms: deadlines.callMs, signal }),
    )
  } finally {
    handles.release(handle)
  }
}
