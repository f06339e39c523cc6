import type { Document, FindOrigins, ReadResult, Source } from '../../api/source.ts'
import {
  composeOverrides,
  decodeOverride,
  OVERRIDES,
  overrideAt,
  type OverrideEntry,
} from '../../fleet/override-entry.ts'
import { createCluster } from './connection/failover.ts'
import type { EtcdConnection } from './connection/settings.ts'
import { resolveSettings } from './connection/settings.ts'
import { fleetKey } from './operator/reserved-keys.ts'
import { type PrefixTarget, resolveKey } from './options.ts'
import { readTarget } from './read-target.ts'
import { watchTarget } from './watch-target.ts'

/** Options of {@link etcdOverrides}: those of the connection, and the key whose overrides are read. */
export interface EtcdOverridesOptions extends EtcdConnection {
  /** The key of the document. */
  readonly key: string
}

/**
 * Makes a layer of the overrides that `changeover override` has laid above a document in etcd. Each ends by itself, when its
 * time is over. Put it above the layer of the document.
 *
 * @throws ChangeoverError `reloader.invalid-option` if an option is not valid
 * @example
 * ```ts
 * import { etcdOverrides, etcdSource } from 'changeover/etcd'
 * import { layers } from 'changeover/layers'
 *
 * const etcd = { hosts: 'http://127.0.0.1:2379', key: '/app/config' }
 * const source = layers([etcdSource(etcd), etcdOverrides(etcd)])
 * ```
 */
export const etcdOverrides = (options: EtcdOverridesOptions): Source => {
  const key = resolveKey(options, 'key', options.key)
  const settings = resolveSettings(options)
  const closing = new AbortController()
  const cluster = createCluster(settings, closing.signal)
  const target: PrefixTarget = {
    kind: 'prefix',
    key: fleetKey(key, OVERRIDES),
    // `0` is the byte that follows the slash.
    end: fleetKey(key, `${OVERRIDES.slice(0, -1)}0`),
    values: 'json',
    settleMs: 0,
  }
  return {
    name: 'overrides',
    endpoint: `${settings.hosts.join(',')} ${target.key.toString()}`,
    read: async (signal) => documentOf(await readTarget(cluster, target, signal)),
    watch: (after, signal) => watchTarget(cluster, target, after, signal),
    close: async () => {
      closing.abort()
      cluster.pool.close()
    },
  }
}

/** No override is an empty document, since a layer that has nothing to say is no fault. */
const documentOf = (result: ReadResult): ReadResult => {
  if (result.kind === 'malformed') return result
  const texts =
    result.kind === 'missing' ? {} : (JSON.parse(String(result.content)) as Readonly<Record<string, unknown>>)
  const entries = Object.values(texts).flatMap((entry) => decodeOverride(JSON.stringify(entry)) ?? [])
  const document: Document = {
    kind: 'document',
    revision: result.revision,
    content: JSON.stringify(composeOverrides(entries)),
    origins: originsOf(entries),
  }
  return document
}

const originsOf =
  (entries: readonly OverrideEntry[]): FindOrigins =>
  (path) => {
    const found = overrideAt(entries, path)
    if (found === undefined) return []
    const { by, until } = found
    return [{ kind: 'override', at: `by ${by}, until ${new Date(until).toISOString()}` }]
  }
