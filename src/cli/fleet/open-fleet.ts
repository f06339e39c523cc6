import { SourceError } from '../../api/source.ts'
import { decodeInstance, type InstanceEntry } from '../../fleet/instance-entry.ts'
import type { FleetStore } from '../../fleet/fleet-store.ts'
import { changeoverError, isChangeoverError } from '../../model/failure.ts'
import type { Context } from '../context/context.ts'
import type { EtcdOptions, EtcdTarget } from '../target/document-target.ts'

/** How long one call of etcd may take, in milliseconds: `--timeout` is about what a command waits for. */
const CALL_MS = 10_000

/** Works with the fleet of the target. It uses the connection of the document's store if that is open, or one of its own. */
export const withFleet = async <Value>(
  context: Context,
  work: (store: FleetStore) => Promise<Value>,
): Promise<Value> => {
  const { options } = await etcdTarget(context)
  const deadlines = { callMs: CALL_MS, openMs: CALL_MS, ...(options.deadlines as object | undefined) }
  const store =
    (await (await context.openedStore)?.fleet?.(deadlines.callMs)) ?? (await openFleet({ ...options, deadlines }))
  try {
    return await work(store)
  } catch (error) {
    if (isChangeoverError(error) || !(error instanceof SourceError)) throw error
    throw changeoverError(error.code, error.detail === undefined ? {} : { detail: error.detail }, error.cause)
  } finally {
    store.close()
  }
}

const openFleet = async (options: EtcdOptions): Promise<FleetStore> => {
  const { openFleetStore } = await import('../../sources/etcd/operator/open-fleet-store.ts')
  return openFleetStore(options)
}

/**
 * Returns the target if it is a key of etcd.
 *
 * @throws ChangeoverError `fleet.needs-etcd`
 */
export const etcdTarget = async (context: Context): Promise<EtcdTarget> => {
  const target = await context.target()
  if (target.kind === 'file') throw changeoverError('fleet.needs-etcd')
  return target
}

/** The instances that are there, and the revision of the document. */
export const instancesOf = async (
  store: FleetStore,
  signal: AbortSignal,
): Promise<{ readonly instances: readonly InstanceEntry[]; readonly document: string }> => {
  const { entries, document } = await store.list('instances/', signal)
  const instances = entries.flatMap(({ text }) => decodeInstance(text) ?? [])
  return { document, instances: instances.toSorted((a, b) => (a.id < b.id ? -1 : 1)) }
}
