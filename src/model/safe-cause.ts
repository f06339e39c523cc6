import { errorChain, read } from './permanence.ts'

/** The part of an error of user code or of a library that may be shown. */
export interface SafeCause {
  /** The name of the error's class if it is a known one, else `Error`. */
  readonly name: string
  /** The code of the error, or of an error that caused it, if it is one that is known to hold no data. */
  readonly code?: string
}

// Only listed codes are shown: user code may put anything into `error.code`.
const system =
  'EACCES EADDRINUSE EADDRNOTAVAIL EAGAIN EAI_AGAIN ECANCELED ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH EISDIR ELOOP EMFILE ENAMETOOLONG ENETUNREACH ENFILE ENOENT ENOMEM ENOSPC ENOTDIR ENOTFOUND EPERM EPIPE EPROTO EROFS ETIMEDOUT EBUSY EFBIG EIO EDQUOT EAI_FAIL EAI_NODATA EAI_NONAME EHOSTDOWN ENETDOWN ENETRESET ENOTCONN EISCONN ENOBUFS ESERVFAIL ENODATA EREFUSED ABORT_ERR'
const node =
  'ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_INVALID_URL ERR_SOCKET_CLOSED ERR_STREAM_DESTROYED ERR_TLS_CERT_ALTNAME_INVALID CERT_HAS_EXPIRED DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT_LOCALLY CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED ERR_SSL_WRONG_VERSION_NUMBER ERR_SSL_TLSV1_ALERT_UNKNOWN_CA ERR_OSSL_X509_KEY_VALUES_MISMATCH ERR_OSSL_PEM_NO_START_LINE ERR_SOCKET_CONNECTION_TIMEOUT ERR_TLS_HANDSHAKE_TIMEOUT'
// PostgreSQL, appendix A: connections, authorization, catalogs, resources and operator intervention.
const sqlState =
  '08000 08001 08003 08004 08006 08P01 28000 28P01 3D000 3F000 42501 53000 53100 53200 53300 53400 55P03 57014 57P01 57P02 57P03 57P04 57P05 58000 58030'
const mysql =
  'ER_ACCESS_DENIED_ERROR ER_ACCESS_DENIED_NO_PASSWORD_ERROR ER_BAD_DB_ERROR ER_CON_COUNT_ERROR ER_DBACCESS_DENIED_ERROR ER_HOST_IS_BLOCKED ER_HOST_NOT_PRIVILEGED ER_LOCK_DEADLOCK ER_LOCK_WAIT_TIMEOUT ER_MUST_CHANGE_PASSWORD ER_NOT_SUPPORTED_AUTH_MODE ER_OPTION_PREVENTS_STATEMENT ER_QUERY_INTERRUPTED ER_SERVER_SHUTDOWN ER_TOO_MANY_USER_CONNECTIONS ER_USER_LIMIT_REACHED HANDSHAKE_NO_SSL_SUPPORT HANDSHAKE_SSL_ERROR PROTOCOL_CONNECTION_LOST PROTOCOL_PACKETS_OUT_OF_ORDER PROTOCOL_SEQUENCE_TIMEOUT'
const redis =
  'CLUSTERDOWN CONNECTION_BROKEN LOADING MASTERDOWN MISCONF NOAUTH NOPERM NOREPLICAS NR_CLOSED READONLY TRYAGAIN UNCERTAIN_STATE WRONGPASS'
const undici =
  'UND_ERR_ABORTED UND_ERR_BODY_TIMEOUT UND_ERR_CLOSED UND_ERR_CONNECT_TIMEOUT UND_ERR_DESTROYED UND_ERR_HEADERS_TIMEOUT UND_ERR_SOCKET'
const knownCodes = new Set(`${system} ${node} ${sqlState} ${mysql} ${redis} ${undici}`.split(' '))

// Errors of gRPC carry a number; each stands for one of these, from 1.
const grpcCodes =
  'CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(
    ' ',
  )

// The error classes of the language, Node and common libraries; any other name may be made from data.
const knownNames = new Set(
  'AbortError AggregateError ChangeoverError DatabaseError DOMException Error EvalError RangeError ReferenceError Refusal SchemaError SourceError SyntaxError SystemError TimeoutError TypeError URIError ValiError ZodError'.split(
    ' ',
  ),
)

/** Returns the part of an error that is safe to show: never a message or a stack. */
export const safeCause = (error: unknown): SafeCause => {
  try {
    if (!(error instanceof Error)) return { name: error === null ? 'null' : typeof error }
    const { name } = error
    const safeName = knownNames.has(name) ? name : 'Error'
    const code = safeCode(error)
    return code === undefined ? { name: safeName } : { name: safeName, code }
  } catch {
    return { name: 'Error' } // a getter of the error threw
  }
}

/** The first known code in the chain of causes, which is seldom the outermost error's own. */
const safeCode = (error: Error): string | undefined => {
  for (const link of errorChain(error)) {
    const code = read(link, 'code')
    if (typeof code === 'string' && knownCodes.has(code)) return code
    const isGrpc = typeof code === 'number' && typeof read(link, 'details') === 'string'
    if (isGrpc && grpcCodes[code - 1] !== undefined) return grpcCodes[code - 1]
  }
  return undefined
}
