import {
  CompareResult,
  CompareTarget,
  type ICompare,
  type IRequestOp,
  type ITxnRequest,
  type ITxnResponse,
} from 'etcd3'
import type { FleetStore, FleetWrite, Listing } from '../../../fleet/fleet-store.ts'
import { callKv } from '../connection/auth.ts'
import { type Cluster, withFailover } from '../connection/failover.ts'
import { LineageTracker, toNumber } from '../connection/lineage.ts'
import { fleetKey } from '../operator/reserved-keys.ts'
import { MISSING_REVISION } from '../read-target.ts'
import { watchTarget } from '../watch-target.ts'
import { grantLease, isLeaseUnknown, renewLease, revokeLease } from './lease-calls.ts'

/** Keeps what belongs to a fleet beside a key of etcd. It uses the connections of the cluster that it is given. */
export const etcdFleetStore = (
  shared: Cluster,
  key: string,
  { isPrefix = false, close = () => {} }: Partial<Pick<FleetStore, 'isPrefix' | 'close'>> = {},
): FleetStore => {
  // What the fleet reads must not decide which store the source takes its documents from.
  const cluster: Cluster = { ...shared, lineages: new LineageTracker() }
  const send = (request: ITxnRequest, parent: AbortSignal): Promise<ITxnResponse> =>
    withFailover(cluster, parent, (connection, signal) =>
      callKv<ITxnResponse>(cluster, connection, signal, (kv, ...rest) => kv.txn(request, ...rest)),
    )
  return {
    place: `${cluster.settings.hosts.join(',')} ${key}`,
    isPrefix,
    grant: (ttlMs, signal) => grantLease(cluster, ttlMs, signal),
    renew: (lease, signal) => renewLease(cluster, lease, signal),
    revoke: (lease, signal) => revokeLease(cluster, lease, signal),
    list: async (prefix, signal) => listingOf(await send(listRequest(key, prefix), signal), key),
    write: async (change, signal) => {
      try {
        const { succeeded, header } = await send(writeRequest(key, change), signal)
        return succeeded ? header.revision : undefined
      } catch (error) {
        if (isLeaseUnknown(error)) return undefined
        throw error
      }
    },
    watch: (folder, signal) => watchFolder(cluster, key, folder, signal),
    close,
  }
}

const rangeOf = (key: string, prefix: string): { readonly key: Buffer; readonly range_end: Buffer } => {
  const from = fleetKey(key, prefix)
  const end = Buffer.from(from)
  end[end.length - 1] = (end.at(-1) as number) + 1
  return { key: from, range_end: end }
}

const listRequest = (key: string, prefix: string): ITxnRequest => ({
  success: [{ request_range: { key: Buffer.from(key), keys_only: true } }, { request_range: rangeOf(key, prefix) }],
})

const listingOf = ({ responses }: ITxnResponse, key: string): Listing => {
  const [document, found] = responses.map(({ response_range }) => response_range.kvs)
  const start = fleetKey(key, '').length
  return {
    document: document?.[0]?.mod_revision ?? MISSING_REVISION,
    entries: (found ?? []).map((kv) => ({
      name: kv.key.subarray(start).toString('utf8'),
      text: kv.value.toString('utf8'),
      revision: kv.mod_revision,
    })),
  }
}

const writeRequest = (key: string, { expect, put = {}, lease, remove = [] }: FleetWrite): ITxnRequest => ({
  compare: Object.entries(expect).map(
    ([name, revision]): ICompare => ({
      key: fleetKey(key, name),
      target: CompareTarget.Mod,
      result: CompareResult.Equal,
      mod_revision: revision,
    }),
  ),
  success: [
    ...Object.entries(put).map(
      ([name, text]): IRequestOp => ({
        request_put: {
          key: fleetKey(key, name),
          value: Buffer.from(text),
          ...(lease === undefined ? {} : { lease }),
        },
      }),
    ),
    ...remove.map((name): IRequestOp => ({ request_delete_range: { key: fleetKey(key, name) } })),
  ],
})

/** Follows a folder from now on. What it holds is read once the watch is open, so nothing is missed. */
const watchFolder = async function* (
  cluster: Cluster,
  key: string,
  folder: string,
  signal: AbortSignal,
): AsyncGenerator<void, void, undefined> {
  const { key: from, range_end: end } = rangeOf(key, folder)
  const before = cluster.lineages.mark()
  const { header } = await withFailover(cluster, signal, (connection, linked) =>
    callKv<ITxnResponse>(cluster, connection, linked, (kv, ...rest) =>
      kv.txn({ success: [{ request_range: { key: from, count_only: true } }] }, ...rest),
    ),
  )
  const position = cluster.lineages.observe(header, before, toNumber(header.revision))
  const target = { kind: 'prefix', key: from, end, values: 'text', settleMs: 0 } as const
  for await (const _ of watchTarget(cluster, target, { ...position, name: header.revision }, signal)) yield
}
