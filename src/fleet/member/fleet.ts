import type { Membership } from '../membership.ts'
import { joinFleet } from './member.ts'
import { type FleetOptions, resolveOptions } from './options.ts'

/**
 * Makes each reloader of a source say, beside the document, what it serves and what became of the newest document. The
 * command `changeover status` shows it, and waits for it. Give it to one source.
 *
 * @throws ChangeoverError `reloader.invalid-option` if an option is not valid
 * @example
 * ```ts
 * import { etcdSource } from 'changeover/etcd'
 * import { fleet } from 'changeover/fleet'
 *
 * const source = etcdSource({
 *   hosts: 'http://127.0.0.1:2379',
 *   key: '/app/config',
 *   fleet: fleet({ service: 'shop', labels: { zone: 'a' } }),
 * })
 * ```
 */
export const fleet = (options: FleetOptions = {}): Membership => {
  const settings = resolveOptions(options)
  return { join: (context, store) => joinFleet(settings, context, store) }
}
