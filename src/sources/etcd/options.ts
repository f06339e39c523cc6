import type { Membership } from '../../fleet/membership.ts'
import { checkCount, invalidOption } from '../../model/option-checks.ts'
import type { EtcdConnection } from './connection/settings.ts'
import type { ValueFormat } from './prefix-document.ts'

/** Options of {@link etcdSource}, whatever holds the document. */
interface EtcdCommonOptions extends EtcdConnection {
  /** What `fleet` of `changeover/fleet` returns: each reloader then says beside the document what it serves. @default none */
  readonly fleet?: Membership
}

/** Options of {@link etcdSource} if one key holds the document. */
export interface EtcdKeyOptions extends EtcdCommonOptions {
  readonly key: string
  readonly prefix?: never
  readonly values?: never
  readonly settleMs?: never
}

/** Options of {@link etcdSource} if the keys under a prefix form the document. */
export interface EtcdPrefixOptions extends EtcdCommonOptions {
  readonly key?: never
  /** The folder whose keys form the document. A slash is added if it does not end in one. */
  readonly prefix: string
  /**
   * How the values of the keys are read: `text` makes each a string, `json` takes each as a piece of JSON.
   * @default 'text'
   */
  readonly values?: ValueFormat
  /**
   * How long the keys must stay unchanged before a new document is taken from them, in milliseconds: 0 to 1,000. It keeps
   * keys together that are written one after the other. Keys that change all the time are taken after ten times as long,
   * and after 2.5 s at the latest. What one etcd transaction writes is always kept together, so with such writers 0 will
   * do.
   * @default 100
   */
  readonly settleMs?: number
}

/** Options of {@link etcdSource}. */
export type EtcdSourceOptions = EtcdKeyOptions | EtcdPrefixOptions

export interface PrefixTarget {
  readonly kind: 'prefix'
  readonly key: Buffer
  /** The first key after those of the prefix. */
  readonly end: Buffer
  readonly values: ValueFormat
  readonly settleMs: number
}

/** What is read and watched. */
export type Target = { readonly kind: 'key'; readonly key: Buffer } | PrefixTarget

/** Checks the options that say what is read. */
export const resolveTarget = (options: EtcdSourceOptions): Target => {
  const { key, prefix, values = 'text', settleMs = 100 } = options
  if ((key === undefined) === (prefix === undefined)) throw invalidOption('etcd: either key or prefix must be given')
  if (key !== undefined) return { kind: 'key', key: Buffer.from(resolveKey(options, 'key', key)) }
  if (values !== 'text' && values !== 'json') throw invalidOption("etcd: values must be 'text' or 'json'")
  const folder = resolveKey(options, 'prefix', prefix).replace(/\/$/, '')
  // With the slash, /myapp does not include the keys of /myapp2. `0` is the byte that follows the slash.
  return {
    kind: 'prefix',
    key: Buffer.from(`${folder}/`),
    end: Buffer.from(`${folder}0`),
    values,
    settleMs: checkCount('etcd: settleMs', settleMs, 0, 1_000),
  }
}

/** Returns the whole key, with the namespace. */
export const resolveKey = (options: EtcdConnection, name: 'key' | 'prefix', value: unknown): string => {
  if (typeof value !== 'string' || value === '') throw invalidOption(`etcd: ${name} must be a string that is not empty`)
  const namespace = options.namespace ?? ''
  if (typeof namespace !== 'string') throw invalidOption('etcd: namespace must be a string')
  return namespace + value
}

/** Checks the option `fleet`. */
export const checkMembership = (given: unknown): Membership | undefined => {
  const isMembership =
    typeof given === 'object' && given !== null && 'join' in given && typeof given.join === 'function'
  if (given !== undefined && !isMembership) throw invalidOption('etcd: fleet must be what fleet() returned')
  return given as Membership | undefined
}
