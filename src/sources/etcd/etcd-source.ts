import { type ReadResult, type Source, SourceError, type SourceEvent } from '../../api/source.ts'
import type { Member } from '../../fleet/membership.ts'
import { withTarget } from '../../api/internal/source-target.ts'
import { createCluster } from './connection/failover.ts'
import { resolveSettings } from './connection/settings.ts'
import { etcdFleetStore } from './fleet/etcd-fleet-store.ts'
import { checkMembership, resolveTarget, type EtcdSourceOptions } from './options.ts'
import { readTarget } from './read-target.ts'
import { settledRead } from './settled-read.ts'
import { watchTarget } from './watch-target.ts'

/**
 * Makes a source that reads and watches a document in etcd (3.4 or newer). Either one key holds the document, or the keys
 * under a prefix form it. The value of a single key is passed on as it is. The keys under a prefix become a JSON
 * document: slashes separate them into objects, and all keys are read at one revision, so what one etcd transaction
 * writes arrives together.
 *
 * Reads are linearizable. The source connects when it is first used.
 * @throws ChangeoverError `reloader.invalid-option` if an option is not valid
 * @example
 * ```ts
 * import { createReloader } from 'changeover'
 * import { etcdSource } from 'changeover/etcd'
 *
 * const source = etcdSource({ hosts: 'http://127.0.0.1:2379', key: '/app/config' })
 * const reloader = createReloader({ source, schema: Config })
 * ```
 */
export const etcdSource = (options: EtcdSourceOptions): Source =>
  withTarget(createEtcdSource(options), { kind: 'etcd', options })

const createEtcdSource = (options: EtcdSourceOptions): Source => {
  const target = resolveTarget(options)
  const settings = resolveSettings(options)
  const closing = new AbortController()
  const cluster = createCluster(settings, closing.signal)
  const settleMs = target.kind === 'prefix' ? target.settleMs : 0
  const read = settledRead(
    async (signal) => {
      if (closing.signal.aborted) throw new SourceError('source.closed')
      return readTarget(cluster, target, signal)
    },
    { clock: settings.clock, settleMs, closed: closing.signal },
  )
  const key = `${target.key.toString()}${target.kind === 'prefix' ? '*' : ''}`
  const membership = checkMembership(options.fleet)
  let member: Member | undefined
  const noted = <Event extends ReadResult | SourceEvent>(event: Event): Event => {
    if (event.kind === 'document') member?.noteDocument(event.revision.name, event.content)
    return withOrigins(event, key)
  }
  return {
    name: 'etcd',
    endpoint: `${settings.hosts.join(',')} ${target.key.toString()}`,
    ...(membership === undefined
      ? {}
      : {
          attach: (context) => {
            const place = target.key.toString().replace(/\/$/, '')
            member ??= membership.join(context, etcdFleetStore(cluster, place, { isPrefix: target.kind === 'prefix' }))
          },
        }),
    read: async (signal) => noted(await read(signal)),
    watch: async function* (after, signal) {
      for await (const event of watchTarget(cluster, target, after, signal)) yield noted(event)
    },
    close: async () => {
      await member?.leave()
      closing.abort()
      cluster.pool.close()
    },
  }
}

/** Says of a document under which key it is, and at which `mod_revision`. A prefix knows that of each key. */
const withOrigins = <Event extends ReadResult | SourceEvent>(event: Event, key: string): Event =>
  event.kind === 'document' && event.origins === undefined
    ? { origins: () => [{ kind: 'etcd', at: `${key}@${event.revision.name}` }], ...event }
    : event
