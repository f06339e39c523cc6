import type { ReloaderStatus } from '../api/status.ts'
import { invalidOption } from '../model/option-checks.ts'
import { isAllowedHost, isHostName } from './http/same-origin.ts'
import { SESSION_MS } from './http/sessions.ts'

/** A reloader that an inspector can show: one that `createReloader` returned. */
export interface Inspectable {
  readonly status: () => ReloaderStatus
}

/** Options of `inspector`. */
export interface InspectorOptions {
  /** The reloader to show. */
  readonly reloader: Inspectable
  /**
   * The TCP port to listen on; 0 picks a free one.
   *
   * @default 0
   */
  readonly port?: number | undefined
  /**
   * The address to listen on. Any address but a loopback address requires `token` and `allowedHosts`.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string | undefined
  /**
   * A password for the link, 16 to 256 characters long. It stays valid for any number of sessions.
   *
   * @default a random token for each session
   */
  readonly token?: string | undefined
  /**
   * Host names under which browsers may request the page, with a port if it differs from the inspector's own:
   * `localhost:9000` after `kubectl port-forward pod 9000:8080`, `localhost:*` for any local port. Loopback names with its
   * own port are always allowed if it listens on loopback. The inspector does not speak TLS: use a proxy or a tunnel.
   *
   * @default []
   */
  readonly allowedHosts?: readonly string[] | undefined
  /**
   * Whether the page may reload, revert, freeze and so on. Otherwise it is read-only.
   *
   * @default false
   */
  readonly actions?: boolean | undefined
}

/** Options of `inspector.handler`. */
export interface HandlerOptions {
  /** The reloader to show. */
  readonly reloader: Inspectable
  /**
   * Host names under which browsers may request the page, each with its port. If a proxy replaces `Host`, name both what it
   * sends and what the browser shows.
   *
   * @default any, because your server decides
   */
  readonly allowedHosts?: readonly string[] | undefined
  /**
   * Whether the page may reload, revert, freeze and so on. Otherwise it is read-only.
   *
   * @default false
   */
  readonly actions?: boolean | undefined
}

/** Options of a link for a colleague. */
export interface LinkOptions {
  /**
   * The name and port in the link, such as `localhost:9000` behind a port that is forwarded. It must be allowed.
   *
   * @default that of `url`
   */
  readonly host?: string | undefined
  /**
   * How long the link can be opened, in milliseconds, at most twelve hours.
   *
   * @default 900000
   */
  readonly expiresInMs?: number | undefined
}

/** The options with every default filled in. */
export type InspectorSettings = ReturnType<typeof resolveOptions>

/** Fills in the defaults and throws if an option is invalid or unsafe. */
export const resolveOptions = (options: InspectorOptions) => {
  const { reloader: _, port = 0, host = '127.0.0.1', token, allowedHosts = [], actions = false, ...unknown } = options
  for (const name of Object.keys(unknown)) throw invalidOption(`inspector has no option ${name}`)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalidOption('port must be a whole number from 0 to 65535')
  checkActions(actions)
  if (token !== undefined && !(typeof token === 'string' && /^[\w.~-]{16,256}$/.test(token))) {
    throw invalidOption('token must be 16 to 256 letters, digits, or . _ ~ -')
  }
  checkHosts(allowedHosts)
  if (typeof host !== 'string' || host === '') throw invalidOption('host must be an address')
  const isLoopback = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || host === '::1'
  if (!isLoopback && (token === undefined || allowedHosts.length === 0)) {
    throw invalidOption('a host other than a loopback address (127.0.0.1, ::1) requires token and allowedHosts')
  }
  return { port, host, token, allowedHosts: allowedHosts.map((name) => name.toLowerCase()), actions, isLoopback }
}

/** Fills in the defaults of a mounted page and throws if an option is invalid. */
export const resolveHandlerOptions = (options: HandlerOptions) => {
  const { reloader: _, allowedHosts = [], actions = false, ...unknown } = options
  for (const name of Object.keys(unknown)) throw invalidOption(`inspector.handler has no option ${name}`)
  checkActions(actions)
  checkHosts(allowedHosts)
  return { allowedHosts: new Set(allowedHosts.map((name) => name.toLowerCase())), actions }
}

const DEFAULT_LINK_MS = 900_000

/** Fills in the defaults of a link and throws if the page would not answer under its host. */
export const resolveLinkOptions = (options: LinkOptions, ownHost: string, allowedHosts: ReadonlySet<string>) => {
  const { host = ownHost, expiresInMs = DEFAULT_LINK_MS, ...unknown } = options
  for (const name of Object.keys(unknown)) throw invalidOption(`a link has no option ${name}`)
  if (!(expiresInMs >= 1 && expiresInMs <= SESSION_MS)) {
    throw invalidOption(`expiresInMs must be a number from 1 to ${SESSION_MS}`)
  }
  if (!isHostName(host) || !isAllowedHost(host.toLowerCase(), allowedHosts)) {
    throw invalidOption('host must be a name and port under which the page answers: add it to allowedHosts')
  }
  return { host, expiresInMs }
}

const checkActions = (actions: unknown): void => {
  if (typeof actions !== 'boolean') throw invalidOption('actions must be true or false')
}

const checkHosts = (allowedHosts: readonly unknown[]): void => {
  if (Array.isArray(allowedHosts) && allowedHosts.every((name) => isHostName(name) || isAnyLocalPort(name))) return
  throw invalidOption(
    'allowedHosts must be names such as inspector.example:8443, without a scheme or a path; only localhost:* allows any port',
  )
}

/** No name of another machine can lead to these, so any port of them is safe from DNS rebinding. */
const isAnyLocalPort = (name: unknown): boolean =>
  typeof name === 'string' && /^(localhost|127\.0\.0\.1|\[::1\]):\*$/i.test(name)

/** Returns the values of the Host header that are answered. */
export const allowedHostHeaders = (
  { allowedHosts, isLoopback, host }: InspectorSettings,
  port: number,
): ReadonlySet<string> => {
  const loopback = isLoopback ? [toUrlHost(host), '127.0.0.1', 'localhost'].map((name) => `${name}:${port}`) : []
  return new Set([...loopback, ...allowedHosts.flatMap((name) => [name, `${name}:${port}`])])
}

/** Puts an IPv6 address in brackets. */
export const toUrlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host)
