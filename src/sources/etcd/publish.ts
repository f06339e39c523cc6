import { CompareResult, CompareTarget, type IRangeResponse, type ITxnRequest, type ITxnResponse } from 'etcd3'
import { changeoverError, isChangeoverError, type ChangeoverError } from '../../model/failure.ts'
import { invalidOption } from '../../model/option-checks.ts'
import { callKv } from './connection/auth.ts'
import { isRequestTooLarge, toSourceError } from './connection/errors.ts'
import { type Cluster, createCluster, withFailover } from './connection/failover.ts'
import { resolveSettings, type EtcdConnection } from './connection/settings.ts'
import { resolveKey } from './options.ts'
import { MISSING_REVISION } from './read-target.ts'

/** Where {@link publish} writes the document. */
export interface PublishTarget extends EtcdConnection {
  readonly key: string
}

/** Options of {@link publish}. */
export interface PublishOptions {
  /**
   * Publishes only if the key is at this revision: the `name` of the revision that was read, which etcd calls
   * mod_revision. `'0'` means that the key must not exist. Without it, `publish` replaces any document.
   */
  readonly ifRevision?: string
  /** Ends the wait. */
  readonly signal?: AbortSignal
}

/**
 * Writes a document to its key, over a connection of its own, and resolves to the name of the new revision.
 *
 * The write is sent once. After `source.timeout` or `source.unreachable` it may still have happened: read the key to know.
 * With `ifRevision` the user needs the permission to read the key, without it only the one to write it.
 * @throws ChangeoverError `document.too-large` if etcd does not accept a document of this size; `source.conflict` if the key is not at `ifRevision`; its `revision` is the key's current one.
 * Otherwise the code with which etcd failed, or `reloader.invalid-option` if an option is not valid
 * @example
 * ```ts
 * const target = { hosts: 'http://127.0.0.1:2379', key: '/app/config' }
 * const first = await publish(target, JSON.stringify({ log: { level: 'info' } }))
 * await publish(target, JSON.stringify({ log: { level: 'debug' } }), { ifRevision: first })
 * ```
 */
export const publish = async (
  target: PublishTarget,
  document: string | Uint8Array,
  { ifRevision, signal }: PublishOptions = {},
): Promise<string> => {
  const key = Buffer.from(resolveKey(target, 'key', target.key))
  const value = Buffer.from(document as Uint8Array)
  const settings = resolveSettings(target)
  if (ifRevision !== undefined && !/^\d+$/.test(ifRevision)) {
    throw invalidOption('publish: ifRevision must be the name of a revision')
  }
  const closing = new AbortController()
  const cluster = createCluster(settings, closing.signal)
  const parent = signal ?? closing.signal
  const request = createRequest(key, value, ifRevision)
  try {
    // The read finds a host that answers, and most conflicts. The write is then sent once, to that host.
    const current = await readRevision(cluster, parent, key, ifRevision)
    if (ifRevision !== undefined && BigInt(ifRevision) !== BigInt(current)) throw conflict(current)
    const connection = await cluster.pool.acquire(parent)
    const response = await callKv<ITxnResponse>(cluster, connection, parent, (kv, ...rest) =>
      kv.txn(request, ...rest),
    ).finally(() => cluster.pool.release(connection))
    if (!response.succeeded) throw conflict(response.responses[0]?.response_range.kvs[0]?.mod_revision)
    return response.header.revision
  } catch (error) {
    if (isChangeoverError(error)) throw error
    if (isRequestTooLarge(error)) throw tooLarge(value, error)
    const failure = toSourceError(error)
    throw changeoverError(failure.code, {}, failure.cause)
  } finally {
    closing.abort()
    cluster.pool.close()
  }
}

/** Returns the key's current revision. A user who may only write gets no answer to that, but a host that answers. */
const readRevision = async (
  cluster: Cluster,
  signal: AbortSignal,
  key: Buffer,
  ifRevision: string | undefined,
): Promise<string> => {
  try {
    const { kvs } = await withFailover(cluster, signal, (connection, linked) =>
      callKv<IRangeResponse>(cluster, connection, linked, (kv, ...rest) => kv.range({ key, keys_only: true }, ...rest)),
    )
    return kvs[0]?.mod_revision ?? MISSING_REVISION
  } catch (error) {
    if (ifRevision === undefined && toSourceError(error).code === 'source.denied') return MISSING_REVISION
    throw error
  }
}

const tooLarge = ({ length }: Buffer, error: unknown): ChangeoverError =>
  changeoverError(
    'document.too-large',
    { detail: `${length} bytes, more than etcd accepts (--max-request-bytes)` },
    toSourceError(error).cause,
  )

const conflict = (current = MISSING_REVISION): ChangeoverError =>
  changeoverError('source.conflict', { revision: current })

const createRequest = (key: Buffer, value: Buffer, ifRevision: string | undefined): ITxnRequest => ({
  success: [{ request_put: { key, value } }],
  // Both of these need the permission to read.
  ...(ifRevision === undefined
    ? {}
    : {
        failure: [{ request_range: { key, keys_only: true } }],
        compare: [{ key, target: CompareTarget.Mod, result: CompareResult.Equal, mod_revision: ifRevision }],
      }),
})
