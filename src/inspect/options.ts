import type { ReloaderStatus } from '../api/status.ts'
import { invalidOption } from '../model/option-checks.ts'

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
   * Host names under which browsers may request the page, with a port if it differs from the inspector's own. Loopback
   * names are always allowed if it listens on loopback. The inspector does not speak TLS: use a proxy or a tunnel.
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

/** The options with every default filled in. */
export type InspectorSettings = ReturnType<typeof resolveOptions>

/** Fills in the defaults and throws if an option is invalid or unsafe. */
export const resolveOptions = (options: InspectorOptions) => {
  const { reloader: _, port = 0, host = '127.0.0.1', token, allowedHosts = [], actions = false, ...unknown } = options
  for (const name of Object.keys(unknown)) throw invalidOption(`inspector has no option ${name}`)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw invalidOption('port must be a whole number from 0 to 65535')
  if (typeof actions !== 'boolean') throw invalidOption('actions must be true or false')
  if (token !== undefined && !(typeof token === 'string' && /^[\w.~-]{16,256}$/.test(token))) {
    throw invalidOption('token must be 16 to 256 letters, digits, or . _ ~ -')
  }
  if (!Array.isArray(allowedHosts) || !allowedHosts.every(isHost)) {
    throw invalidOption('allowedHosts must be names such as inspector.example:8443, without a scheme, a path or a *')
  }
  if (typeof host !== 'string' || host === '') throw invalidOption('host must be an address')
  const isLoopback = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || host === '::1'
  if (!isLoopback && (token === undefined || allowedHosts.length === 0)) {
    throw invalidOption('a host other than a loopback address (127.0.0.1, ::1) requires token and allowedHosts')
  }
  return { port, host, token, allowedHosts: allowedHosts.map((name) => name.toLowerCase()), actions, isLoopback }
}

const isHost = (name: unknown): boolean =>
  typeof name === 'string' && /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(name)

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
