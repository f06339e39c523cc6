import { X509Certificate } from 'node:crypto'
import { credentials as grpcCredentials, type ChannelOptions } from '@grpc/grpc-js'
import { MAX_DELAY_MS, systemClock, type Clock } from '../../api/clock.ts'
import { changeoverError, type ChangeoverError } from '../../model/failure.ts'

/** Bounds for every wait on etcd, in milliseconds. */
export interface EtcdDeadlines {
  /**
   * One call to one host (a login, a read, a page of a prefix), connecting included. Default 4,000: an answer takes
   * about 1 ms, an election up to 3 s, and what is wrong with a source is to be named within 5 s. A read tries each
   * host at most once.
   */
  readonly callMs?: number
  /** Until etcd has acknowledged a watch, connecting included. Default 4,000, for the same reasons. */
  readonly openMs?: number
  /**
   * How long a watch may be silent before etcd is asked for a sign of life. Default 10,000: less costs more than it
   * tells, since a lost change is found by the reconcile anyway.
   */
  readonly silenceMs?: number
  /** How long that sign of life may take before the watch breaks with `source.timeout`. Default 5,000. */
  readonly answerMs?: number
}

/** How to reach etcd; the same for the source and for {@link publish}. */
export interface EtcdConnection {
  /**
   * One address or the addresses of all members: `http://127.0.0.1:2379`, `https://…`, or `host:port`. All with one
   * scheme. The first host is picked at random, so that many services spread; a host that fails makes way for the next.
   */
  readonly hosts: string | readonly string[]
  /** Put before every key and prefix, as it is. */
  readonly namespace?: string
  /** TLS, as etcd3 takes it (PEM). Default: plain for `http://`, the system's CAs for `https://`. */
  readonly credentials?: {
    readonly rootCertificate: Buffer
    readonly privateKey?: Buffer
    readonly certChain?: Buffer
  }
  /** etcd's user and password. Tokens are fetched over the same connection, kept, and renewed when etcd refuses one. */
  readonly auth?: { readonly username: string; readonly password: string }
  readonly deadlines?: EtcdDeadlines
  /**
   * gRPC channel options over the defaults: no HTTP proxy from the environment, a connection of its own, keepalive
   * every 10 s with 5 s to answer (etcd ends connections that ping more often than every 5 s), messages up to 64 MiB.
   */
  readonly grpcOptions?: ChannelOptions
  readonly clock?: Clock
}

/** One key holds the document. */
export interface EtcdKeyOptions extends EtcdConnection {
  readonly key: string
  readonly prefix?: never
  readonly values?: never
}

/** The keys under a prefix form the document. */
export interface EtcdPrefixOptions extends EtcdConnection {
  readonly key?: never
  /** The folder whose keys form the document; a slash is added where it does not end in one. */
  readonly prefix: string
  /** What the keys' values are: `text` (default) makes strings, `json` takes each for a piece of JSON. */
  readonly values?: 'text' | 'json'
}

export type EtcdSourceOptions = EtcdKeyOptions | EtcdPrefixOptions

/** Checked options with all defaults filled in. */
export interface Connection {
  /** Ready for gRPC, in the order given. */
  readonly hosts: readonly string[]
  readonly credentials?: { rootCertificate: Buffer; privateKey?: Buffer; certChain?: Buffer }
  readonly auth?: { readonly username: string; readonly password: string }
  readonly deadlines: Required<EtcdDeadlines>
  readonly grpcOptions: ChannelOptions
  readonly clock: Clock
}

const defaultDeadlines: Required<EtcdDeadlines> = { callMs: 4_000, openMs: 4_000, silenceMs: 10_000, answerMs: 5_000 }

// A prefix is read in pages, so that no more than a page of 1.5 MiB values must fit; the limit of gRPC, 4 MiB, would
// also refuse what a watch catches up on.
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024

const defaultChannel: ChannelOptions = {
  // grpc-js obeys http_proxy even for 127.0.0.1.
  'grpc.enable_http_proxy': 0,
  // Shared subchannels would let one wedged connection wedge every later client of the process.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
}

export const resolveConnection = (options: EtcdConnection): Connection => {
  const { credentials, auth } = options
  if (credentials !== undefined) checkCredentials(credentials)
  return {
    hosts: resolveHosts(options.hosts),
    deadlines: resolveDeadlines(options.deadlines ?? {}),
    grpcOptions: { ...defaultChannel, ...options.grpcOptions },
    clock: options.clock ?? systemClock,
    ...(credentials === undefined ? {} : { credentials }),
    ...(auth === undefined ? {} : { auth: resolveAuth(auth) }),
  }
}

/** The whole key, namespace included. */
export const resolveKey = (options: EtcdConnection, option: 'key' | 'prefix', value: string): string => {
  if (typeof value !== 'string' || value === '') throw invalid(option, 'takes a string that is not empty')
  const namespace = options.namespace ?? ''
  if (typeof namespace !== 'string') throw invalid('namespace', 'takes a string')
  return namespace + value
}

// No user and password here: they would be shown wherever the endpoint is.
const hostShape = /^(?:https?:\/\/)?(?:\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::\d{1,5})?\/?$/i

const resolveHosts = (given: string | readonly string[]): readonly string[] => {
  const hosts = typeof given === 'string' ? [given] : given
  if (!Array.isArray(hosts) || hosts.length === 0) throw invalid('hosts', 'takes an address or a list of them')
  const resolved = hosts.map((host: unknown) => {
    if (typeof host !== 'string' || !hostShape.test(host)) {
      throw invalid('hosts', 'takes addresses like http://127.0.0.1:2379, without user, password or path')
    }
    // etcd3 knows its schemes in lower case only.
    const bare = host.replace(/\/$/, '').replace(/^https?:/i, (scheme) => scheme.toLowerCase())
    return /:\d+$/.test(bare) ? bare : `${bare}:2379`
  })
  const secure = resolved.filter((host) => host.startsWith('https:')).length
  if (secure !== 0 && secure !== resolved.length) throw invalid('hosts', 'takes addresses of one scheme')
  return resolved
}

type Credentials = NonNullable<EtcdConnection['credentials']>

const checkCredentials = ({ rootCertificate, privateKey, certChain }: Credentials): void => {
  try {
    new X509Certificate(rootCertificate) // which Node would else ignore if it is none
    grpcCredentials.createSsl(rootCertificate, privateKey, certChain)
  } catch {
    // The cause is dropped: it may quote the key.
    throw invalid('credentials', 'takes PEM buffers: rootCertificate, and privateKey together with certChain')
  }
}

const resolveAuth = (auth: { readonly username: string; readonly password: string }) => {
  if (typeof auth.username !== 'string' || typeof auth.password !== 'string' || auth.username === '') {
    throw invalid('auth', 'takes { username, password }')
  }
  return auth
}

const resolveDeadlines = (given: EtcdDeadlines): Required<EtcdDeadlines> => {
  const deadlines = { ...defaultDeadlines, ...given }
  for (const [name, ms] of Object.entries(deadlines)) {
    if (!Number.isFinite(ms) || ms < 1 || ms > MAX_DELAY_MS) {
      throw invalid(`deadlines.${name}`, `takes milliseconds from 1 to ${MAX_DELAY_MS}`)
    }
  }
  return deadlines
}

export const invalid = (option: string, takes: string): ChangeoverError =>
  changeoverError('reloader.invalid-option', { detail: `etcd option ${option} ${takes}` })
