import { X509Certificate } from 'node:crypto'
import { credentials as grpcCredentials, type ChannelOptions } from '@grpc/grpc-js'
import { systemClock, type Clock } from '../../api/clock.ts'
import { checkMs, invalidOption } from '../../model/option-checks.ts'
import type { ValueFormat } from './prefix-document.ts'

/** Limits for every wait on etcd. */
export interface EtcdDeadlines {
  /**
   * Limits one call to one host (a login, a read, a page of a prefix), connecting included, in milliseconds. A read
   * tries each host at most once. An answer takes about 1 ms and an election up to 3 s.
   * @default 4_000
   */
  readonly callMs?: number
  /** Limits the time until etcd has acknowledged a watch, connecting included, in milliseconds. @default 4_000 */
  readonly openMs?: number
  /**
   * How long a watch may be silent before it asks etcd for its progress, in milliseconds. A lower value gains little,
   * since the reconcile finds a lost change anyway.
   * @default 10_000
   */
  readonly silenceMs?: number
  /**
   * How long etcd may take to answer that before the watch breaks with `source.timeout`, in milliseconds.
   * @default 5_000
   */
  readonly answerMs?: number
}

/** How to connect to etcd; the same for {@link etcdSource} and {@link publish}. */
export interface EtcdConnection {
  /**
   * One address, or the addresses of all members: `http://127.0.0.1:2379`, `https://…`, or `host:port`. All have the same
   * scheme. The first host is chosen at random, to spread many services over the members; if it fails, the next is used.
   */
  readonly hosts: string | readonly string[]
  /** Prepended to every key and prefix as it is. */
  readonly namespace?: string
  /**
   * TLS certificates and keys, as etcd3 takes them (PEM).
   * @default none for `http://`, the system's certificate authorities for `https://`
   */
  readonly credentials?: {
    readonly rootCertificate: Buffer
    readonly privateKey?: Buffer
    readonly certChain?: Buffer
  }
  /** The user and password in etcd. Tokens are kept, and renewed when etcd refuses one. */
  readonly auth?: { readonly username: string; readonly password: string }
  readonly deadlines?: EtcdDeadlines
  /**
   * gRPC channel options; they override the defaults: no HTTP proxy from the environment, a connection of its own,
   * keepalive every 10 s with 5 s to answer (etcd closes connections that ping more often than every 5 s), messages up to
   * 64 MiB.
   */
  readonly grpcOptions?: ChannelOptions
  /** The clock for all deadlines; for tests. @default systemClock */
  readonly clock?: Clock
}

/** Options of {@link etcdSource} if one key holds the document. */
export interface EtcdKeyOptions extends EtcdConnection {
  readonly key: string
  readonly prefix?: never
  readonly values?: never
}

/** Options of {@link etcdSource} if the keys under a prefix form the document. */
export interface EtcdPrefixOptions extends EtcdConnection {
  readonly key?: never
  /** The folder whose keys form the document. A slash is added if it does not end in one. */
  readonly prefix: string
  /**
   * How the values of the keys are read: `text` makes each a string, `json` takes each as a piece of JSON.
   * @default 'text'
   */
  readonly values?: ValueFormat
}

/** Options of {@link etcdSource}. */
export type EtcdSourceOptions = EtcdKeyOptions | EtcdPrefixOptions

/** The checked connection options with all defaults filled in. */
export interface EtcdSettings extends Pick<EtcdConnection, 'credentials' | 'auth'> {
  /** Ready for gRPC, in the order given. */
  readonly hosts: readonly string[]
  readonly deadlines: Required<EtcdDeadlines>
  readonly grpcOptions: ChannelOptions
  readonly clock: Clock
}

export interface PrefixTarget {
  readonly kind: 'prefix'
  readonly key: Buffer
  /** The first key after those of the prefix. */
  readonly end: Buffer
  readonly values: ValueFormat
}

/** What is read and watched. */
export type Target = { readonly kind: 'key'; readonly key: Buffer } | PrefixTarget

const defaultDeadlines: Required<EtcdDeadlines> = { callMs: 4_000, openMs: 4_000, silenceMs: 10_000, answerMs: 5_000 }

// A prefix is read in pages, so only one page of 1.5 MiB values must fit. The default of gRPC, 4 MiB, is too low for
// the responses with which a watch catches up.
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024

const defaultChannelOptions: ChannelOptions = {
  // grpc-js obeys http_proxy even for 127.0.0.1.
  'grpc.enable_http_proxy': 0,
  // With shared subchannels, one wedged connection would wedge every later client of the process.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
}

/** Checks the connection options and fills in the defaults. */
export const resolveSettings = (options: EtcdConnection): EtcdSettings => {
  const { credentials, auth } = options
  if (credentials !== undefined) checkCredentials(credentials)
  if (auth !== undefined) checkAuth(auth)
  return {
    hosts: resolveHosts(options.hosts),
    deadlines: resolveDeadlines(options.deadlines),
    grpcOptions: { ...defaultChannelOptions, ...options.grpcOptions },
    clock: options.clock ?? systemClock,
    ...(credentials === undefined ? {} : { credentials }),
    ...(auth === undefined ? {} : { auth }),
  }
}

/** Checks the options that say what is read. */
export const resolveTarget = (options: EtcdSourceOptions): Target => {
  const { key, prefix, values = 'text' } = options
  if ((key === undefined) === (prefix === undefined)) throw invalidOption('etcd: either key or prefix must be given')
  if (key !== undefined) return { kind: 'key', key: Buffer.from(resolveKey(options, 'key', key)) }
  if (values !== 'text' && values !== 'json') throw invalidOption("etcd: values must be 'text' or 'json'")
  const folder = resolveKey(options, 'prefix', prefix).replace(/\/$/, '')
  // With the slash, /myapp does not include the keys of /myapp2. `0` is the byte that follows the slash.
  return { kind: 'prefix', key: Buffer.from(`${folder}/`), end: Buffer.from(`${folder}0`), values }
}

/** Returns the whole key, with the namespace. */
export const resolveKey = (options: EtcdConnection, name: 'key' | 'prefix', value: unknown): string => {
  if (typeof value !== 'string' || value === '') throw invalidOption(`etcd: ${name} must be a string that is not empty`)
  const namespace = options.namespace ?? ''
  if (typeof namespace !== 'string') throw invalidOption('etcd: namespace must be a string')
  return namespace + value
}

// No user and password here: they would be shown with the endpoint.
const hostPattern = /^(?:https?:\/\/)?(?:\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::\d{1,5})?\/?$/i

const resolveHosts = (given: string | readonly string[]): readonly string[] => {
  const hosts = typeof given === 'string' ? [given] : given
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw invalidOption('etcd: hosts must be an address or an array of addresses')
  }
  const resolved = hosts.map((host: unknown) => {
    if (typeof host !== 'string' || !hostPattern.test(host)) {
      throw invalidOption('etcd: hosts must be addresses like http://127.0.0.1:2379, without user, password or path')
    }
    // etcd3 recognizes its schemes only in lower case.
    const bare = host.replace(/\/$/, '').replace(/^https?:/i, (scheme) => scheme.toLowerCase())
    return /:\d+$/.test(bare) ? bare : `${bare}:2379`
  })
  const secure = resolved.filter((host) => host.startsWith('https:')).length
  if (secure !== 0 && secure !== resolved.length) throw invalidOption('etcd: hosts must have the same scheme')
  return resolved
}

const checkCredentials = (credentials: NonNullable<EtcdConnection['credentials']>): void => {
  const { rootCertificate, privateKey, certChain } = credentials
  try {
    new X509Certificate(rootCertificate) // Node would ignore an invalid one
    grpcCredentials.createSsl(rootCertificate, privateKey, certChain)
  } catch {
    // The cause is dropped, since it may quote the key.
    throw invalidOption(
      'etcd: credentials must be PEM buffers: rootCertificate, and privateKey together with certChain',
    )
  }
}

const checkAuth = ({ username, password }: NonNullable<EtcdConnection['auth']>): void => {
  if (typeof username === 'string' && typeof password === 'string' && username !== '') return
  throw invalidOption('etcd: auth must be { username, password }')
}

const resolveDeadlines = (given: EtcdDeadlines | undefined): Required<EtcdDeadlines> => {
  const deadlines = { ...defaultDeadlines, ...given }
  for (const [name, ms] of Object.entries(deadlines)) checkMs(`etcd: deadlines.${name}`, ms, 1)
  return deadlines
}
