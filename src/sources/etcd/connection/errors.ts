import type { SourceCode } from '../../../model/failure.ts'
import { SourceError } from '../../../api/source.ts'

/** The statuses of gRPC that matter here. */
const status = {
  DEADLINE_EXCEEDED: 4,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
}

/** Gives an error of etcd or gRPC its code. The original stays available as `cause`. */
export const toSourceError = (error: unknown): SourceError =>
  error instanceof SourceError ? error : new SourceError(codeOf(descriptionOf(error)), error)

/** Makes the error for a watch that etcd has cancelled; etcd gives only a reason in words. */
export const cancelledWatchError = (reason: string): SourceError =>
  new SourceError(reason === '' ? 'source.closed' : codeOf({ text: reason }), new Error(reason))

/** True if authentication is off, so that no token exists and none is needed. */
export const isAuthDisabled = (error: unknown): boolean =>
  descriptionOf(error).text.includes('authentication is not enabled')

/** True if a response was larger than this client accepts. */
export const isTooLarge = (error: unknown): boolean => descriptionOf(error).code === status.RESOURCE_EXHAUSTED

/** True if a request was larger than etcd, a proxy before it or this client allows. */
export const isRequestTooLarge = (error: unknown): boolean =>
  /request is too large|larger than (?:max|\d)/i.test(descriptionOf(error).text)

/** How etcd or gRPC describes a failure; a cancelled watch has only the text. */
interface Description {
  readonly code?: number
  readonly text: string
}

// etcd answers several of these with INVALID_ARGUMENT, so the text decides before the status does.
const codesByText: readonly (readonly [RegExp, SourceCode])[] = [
  [/has been compacted/i, 'source.compacted'],
  [
    /invalid auth token|authentication failed|user name is empty|revision of auth store is old/i,
    'source.unauthenticated',
  ],
  [/permission denied/i, 'source.denied'],
  [/etcdserver: request timed out/i, 'source.timeout'],
]

const codesByStatus: ReadonlyMap<number, SourceCode> = new Map([
  [status.DEADLINE_EXCEEDED, 'source.timeout'],
  [status.UNAUTHENTICATED, 'source.unauthenticated'],
  [status.PERMISSION_DENIED, 'source.denied'],
  [status.UNAVAILABLE, 'source.unreachable'],
])

// What OpenSSL and Node report about certificates and handshakes. Errors of name resolution are excluded below, since
// they quote the name of the host.
const tlsFailure =
  /certificate|self[- ]signed|altname|CERT_|ERR_TLS|ERR_SSL|SSL routines|tlsv1|ssl3_|sslv3|wrong version number|EPROTO|PEM/i

const codeOf = ({ code, text }: Description): SourceCode => {
  const known = codesByText.find(([pattern]) => pattern.test(text))
  if (known !== undefined) return known[1]
  if (code === status.UNAVAILABLE && !/^Name resolution failed/.test(text) && tlsFailure.test(text)) return 'source.tls'
  return (code === undefined ? undefined : codesByStatus.get(code)) ?? 'source.failed'
}

const descriptionOf = (error: unknown): Description => {
  if (error instanceof SourceError) return descriptionOf(error.cause)
  if (!(error instanceof Error)) return { text: '' }
  const { code, details } = error as { code?: unknown; details?: unknown }
  const text = typeof details === 'string' ? details : error.message
  return typeof code === 'number' ? { code, text } : { text }
}
