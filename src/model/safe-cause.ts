/** The part of an error of user code or of a library that may be shown. */
export interface SafeCause {
  /** The name of the error's class if it is a known one, else `Error`. */
  readonly name: string
  /** The error's code, if it is one that is known to hold no data. */
  readonly code?: string
}

// Only listed codes are shown: user code may put anything into `error.code`.
const system =
  'EACCES EADDRINUSE EADDRNOTAVAIL EAGAIN EAI_AGAIN ECANCELED ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH EISDIR ELOOP EMFILE ENAMETOOLONG ENETUNREACH ENFILE ENOENT ENOMEM ENOSPC ENOTDIR ENOTFOUND EPERM EPIPE EPROTO EROFS ETIMEDOUT EBUSY EFBIG EIO EDQUOT ABORT_ERR'
const node =
  'ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_INVALID_URL ERR_SOCKET_CLOSED ERR_STREAM_DESTROYED ERR_TLS_CERT_ALTNAME_INVALID CERT_HAS_EXPIRED DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
// PostgreSQL, appendix A: connections, authorization, catalogs, resources and operator intervention.
const sqlState =
  '08000 08001 08003 08004 08006 08P01 28000 28P01 3D000 3F000 42501 53000 53100 53200 53300 53400 55P03 57014 57P01 57P02 57P03 57P04 57P05 58000 58030'
const knownCodes = new Set(`${system} ${node} ${sqlState}`.split(' '))

// The error classes of the language, Node and common libraries; any other name may be made from data.
const knownNames = new Set(
  'AbortError AggregateError ChangeoverError DatabaseError DOMException Error EvalError RangeError ReferenceError SchemaError SourceError SyntaxError SystemError TimeoutError TypeError URIError ValiError ZodError'.split(
    ' ',
  ),
)

/** Returns the part of an error that is safe to show: never its message, its stack or its own causes. */
export const safeCause = (error: unknown): SafeCause => {
  try {
    if (!(error instanceof Error)) return { name: error === null ? 'null' : typeof error }
    const { name } = error
    const code = (error as { code?: unknown }).code
    const safeName = knownNames.has(name) ? name : 'Error'
    return typeof code === 'string' && knownCodes.has(code) ? { name: safeName, code } : { name: safeName }
  } catch {
    return { name: 'Error' } // a getter of the error threw
  }
}
