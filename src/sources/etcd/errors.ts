import { status } from '@grpc/grpc-js'
import type { SourceCode } from '../../model/failure.ts'
import { SourceError } from '../../api/source.ts'

/** What etcd or grpc-js says of a failure; as text, since a cancelled watch has no more. */
interface Told {
  readonly code?: number
  readonly text: string
}

// etcd answers several of these with INVALID_ARGUMENT, so its words decide before the status does.
const byText: readonly (readonly [RegExp, SourceCode])[] = [
  [/has been compacted/i, 'source.compacted'],
  [
    /invalid auth token|authentication failed|user name is empty|revision of auth store is old/i,
    'source.unauthenticated',
  ],
  [/permission denied/i, 'source.denied'],
  [/etcdserver: request timed out/i, 'source.timeout'],
]

const byStatus: ReadonlyMap<number, SourceCode> = new Map([
  [status.DEADLINE_EXCEEDED, 'source.timeout'],
  [status.UNAUTHENTICATED, 'source.unauthenticated'],
  [status.PERMISSION_DENIED, 'source.denied'],
  [status.UNAVAILABLE, 'source.unreachable'],
])

// What OpenSSL and Node say of certificates and handshakes. A host's name is not searched (see below).
const tlsTrouble =
  /certificate|self[- ]signed|altname|CERT_|ERR_TLS|ERR_SSL|SSL routines|tlsv1|ssl3_|sslv3|wrong version number|EPROTO|PEM/i

/** Names what went wrong, in the words of the model. The original stays reachable as `cause`. */
export const toSourceError = (error: unknown): SourceError =>
  error instanceof SourceError ? error : new SourceError(codeOf(told(error)), error)

/** The error of a watch that etcd has cancelled; all it has is a reason in words. */
export const cancelledWatch = (reason: string): SourceError =>
  new SourceError(reason === '' ? 'source.closed' : codeOf({ text: reason }), new Error(reason))

/** True where authentication is off, so that there is no token to be had and none is needed. */
export const isAuthDisabled = (error: unknown): boolean => told(error).text.includes('authentication is not enabled')

/** True where an answer was larger than this client takes. */
export const isTooLarge = (error: unknown): boolean => told(error).code === status.RESOURCE_EXHAUSTED

const codeOf = ({ code, text }: Told): SourceCode => {
  const named = byText.find(([pattern]) => pattern.test(text))
  if (named !== undefined) return named[1]
  if (code === status.UNAVAILABLE && !/^Name resolution failed/.test(text) && tlsTrouble.test(text)) return 'source.tls'
  return (code === undefined ? undefined : byStatus.get(code)) ?? 'source.failed'
}

const told = (error: unknown): Told => {
  if (error instanceof SourceError) return told(error.cause)
  if (!(error instanceof Error)) return { text: '' }
  const { code, details } = error as { code?: unknown; details?: unknown }
  const text = typeof details === 'string' ? details : error.message
  return typeof code === 'number' ? { code, text } : { text }
}
