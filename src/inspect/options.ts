import { changeoverError } from '../model/failure.ts'
import type { ReloaderStatus } from '../api/status.ts'

/** What an inspector looks at: a reloader made by `createReloader`. */
export interface Inspectable {
  readonly status: () => ReloaderStatus
}

export interface InspectorOptions {
  readonly reloader: Inspectable
  /** Default 0: a free one. */
  readonly port?: number | undefined
  /** The address to listen on. Default 127.0.0.1; any but a loopback address needs `token` and `allowedHosts`. */
  readonly host?: string | undefined
  /**
   * A password for the link, from 16 characters, that stays good. Default: a random one for each session, which opens it
   * once.
   */
  readonly token?: string | undefined
  /**
   * Names, with a port where it is not the inspector's own, under which browsers may ask for it. The loopback names are
   * always allowed where it listens on loopback. There is no TLS here: have a proxy or a tunnel do it.
   */
  readonly allowedHosts?: readonly string[] | undefined
  /** Whether the page may reload, revert, freeze and so on. Default false: it can only look. */
  readonly actions?: boolean | undefined
}

/** The options with every default filled in. */
export interface InspectorSettings {
  readonly port: number
  readonly host: string
  readonly token: string | undefined
  readonly allowedHosts: readonly string[]
  readonly actions: boolean
  readonly isLoopback: boolean
}

const MIN_TOKEN = 16

const names = new Set<string>([
  'reloader',
  'port',
  'host',
  'token',
  'allowedHosts',
  'actions',
] satisfies (keyof InspectorOptions)[])

const invalid = (detail: string): Error => changeoverError('reloader.invalid-option', { detail })

/** Fills in the defaults and refuses what would be unsafe. */
export const resolveOptions = (options: InspectorOptions): InspectorSettings => {
  for (const name of Object.keys(options)) if (!names.has(name)) throw invalid(`inspector has no option ${name}`)
  const { port = 0, host = '127.0.0.1', token, allowedHosts = [], actions = false } = options
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw invalid('port takes a whole number from 0 to 65535')
  if (typeof actions !== 'boolean') throw invalid('actions takes true or false')
  if (token !== undefined && !/^[\w.~-]{16,256}$/.test(String(token))) {
    throw invalid(`token takes ${MIN_TOKEN} to 256 letters, digits, or . _ ~ -`)
  }
  if (!Array.isArray(allowedHosts) || !allowedHosts.every(isHost)) {
    throw invalid('allowedHosts takes names as in inspector.example:8443, without a scheme, a path or a *')
  }
  if (typeof host !== 'string' || host === '') throw invalid('host takes an address')
  const isLoopback = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || host === '::1'
  if (!isLoopback && (token === undefined || allowedHosts.length === 0)) {
    throw invalid('a host that is no loopback address (127.0.0.1, ::1) needs a token and allowedHosts of your own')
  }
  return { port, host, token, allowedHosts: allowedHosts.map((name) => name.toLowerCase()), actions, isLoopback }
}

const isHost = (name: unknown): boolean =>
  typeof name === 'string' && /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(name)

/** The Host headers that are answered. */
export const hostsOf = ({ allowedHosts, isLoopback, host }: InspectorSettings, port: number): ReadonlySet<string> => {
  const loopback = isLoopback ? [hostName(host), '127.0.0.1', 'localhost'].map((name) => `${name}:${port}`) : []
  return new Set([...loopback, ...allowedHosts.flatMap((name) => [name, `${name}:${port}`])])
}

/** An IPv6 address stands in brackets. */
export const hostName = (host: string): string => (host.includes(':') ? `[${host}]` : host)
