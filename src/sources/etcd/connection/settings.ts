import type { ChannelOptions } from '@grpc/grpc-js'
import { systemClock, type Clock } from '../../../api/clock.ts'
import { checkMs, invalidOption } from '../../../model/option-checks.ts'
import { createProvider, type Provider } from './provider.ts'
import { toAuth, toCredentials, type EtcdAuth, type EtcdCredentials } from './credentials.ts'

/** Limits for every wait on etcd. */
export interface EtcdDeadlines {
  /**
   * Limits one call to one host (a login, a read, a page of a prefix), connecting included, in milliseconds, and one call
   * of a function for `auth` or `credentials`. A read tries each host at most once. An answer takes about 1 ms and an
   * election up to 3 s.
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
   * TLS certificates and keys. A function is called for each new connection, so that certificates can be rotated while
   * the service runs: a connection that fails is replaced.
   * @default none for `http://`, the system's certificate authorities for `https://`
   */
  readonly credentials?: EtcdCredentials | (() => EtcdCredentials | Promise<EtcdCredentials>)
  /**
   * The user and password in etcd. Tokens are kept, and renewed when etcd refuses one. A function is called at the first
   * login, and again after etcd has refused what it returned, so that passwords can be rotated while the service runs.
   */
  readonly auth?: EtcdAuth | (() => EtcdAuth | Promise<EtcdAuth>)
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

/** The checked connection options with all defaults filled in. */
export interface EtcdSettings {
  /** Ready for gRPC, in the order given. */
  readonly hosts: readonly string[]
  readonly deadlines: Required<EtcdDeadlines>
  readonly grpcOptions: ChannelOptions
  readonly clock: Clock
  readonly credentials: Provider<EtcdCredentials> | undefined
  readonly auth: Provider<EtcdAuth> | undefined
}

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
  const deadlines = resolveDeadlines(options.deadlines)
  const clock = options.clock ?? systemClock
  const limits = { clock, deadlineMs: deadlines.callMs, graceMs: 0 }
  return {
    hosts: resolveHosts(options.hosts),
    deadlines,
    grpcOptions: { ...defaultChannelOptions, ...options.grpcOptions },
    clock,
    credentials: createProvider(options.credentials, toCredentials, limits),
    auth: createProvider(options.auth, toAuth, limits),
  }
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

const resolveDeadlines = (given: EtcdDeadlines | undefined): Required<EtcdDeadlines> => {
  const deadlines = { ...defaultDeadlines, ...given }
  for (const [name, ms] of Object.entries(deadlines)) checkMs(`etcd: deadlines.${name}`, ms, 1)
  return deadlines
}
