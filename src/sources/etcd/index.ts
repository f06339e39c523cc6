import type { Source } from '../../api/source.ts'
import { SourceError } from '../../api/source.ts'
import { makeContext } from './failover.ts'
import { resolveConnection, type EtcdSourceOptions } from './options.ts'
import { readTarget } from './read.ts'
import { resolveTarget } from './target.ts'
import { watchTarget } from './watch.ts'

export type {
  EtcdConnection,
  EtcdDeadlines,
  EtcdKeyOptions,
  EtcdPrefixOptions,
  EtcdSourceOptions,
} from './options.ts'
export { publish, type PublishOptions, type PublishTarget } from './publish.ts'

/**
 * A document in etcd (3.4 or newer): one key holds it, or the keys under a prefix form it. A key's value is handed over
 * as it is. A prefix becomes a JSON document: slashes part keys into objects, and all keys are read at one revision, so
 * what one etcd transaction writes arrives together.
 *
 * Reads are linearizable. Connects when first used. Throws `reloader.invalid-option` for options that cannot work.
 */
export const etcdSource = (options: EtcdSourceOptions): Source => {
  const target = resolveTarget(options)
  const connection = resolveConnection(options)
  const closing = new AbortController()
  const context = makeContext(connection, closing.signal)
  return {
    name: 'etcd',
    endpoint: `${connection.hosts.join(',')} ${target.key.toString()}`,
    read: async (signal) => {
      if (closing.signal.aborted) throw new SourceError('source.closed')
      return readTarget(context, target, signal)
    },
    watch: (after, signal) => watchTarget(context, target, after, signal),
    close: async () => {
      closing.abort()
      context.handles.close()
    },
  }
}
