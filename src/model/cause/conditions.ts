/**
 * The codes that are shown, system by system, each with what its documentation calls the condition. Only listed codes are
 * shown: user code may put anything into `error.code`. The tables are texts, so that loading them costs nothing.
 */
const tables = {
  // errno, and the resolver of names.
  system: `EACCES permission denied|EADDRINUSE address in use|EADDRNOTAVAIL address not available|EAGAIN try again|EAI_AGAIN name server not reachable|EAI_FAIL name server failed|EAI_NODATA no address|EAI_NONAME unknown host|EBUSY busy|ECANCELED cancelled|ECONNABORTED connection aborted|ECONNREFUSED connection refused|ECONNRESET connection reset|EDQUOT quota exceeded|EEXIST exists already|EFBIG file too large|EHOSTDOWN host down|EHOSTUNREACH host unreachable|EIO input or output failed|EISCONN connected already|EISDIR is a folder|ELOOP too many symbolic links|EMFILE too many open files|ENAMETOOLONG name too long|ENETDOWN network down|ENETRESET network reset|ENETUNREACH network unreachable|ENFILE too many open files in the system|ENOBUFS no buffer space|ENODATA no data|ENOENT no such file|ENOMEM out of memory|ENOSPC no space left|ENOTCONN not connected|ENOTDIR not a folder|ENOTFOUND host not found|EPERM not permitted|EPIPE broken pipe|EPROTO protocol error|EREFUSED query refused|EROFS read-only file system|ESERVFAIL name server failed|ETIMEDOUT timed out|ABORT_ERR aborted`,
  node: 'ERR_INVALID_ARG_TYPE invalid argument type|ERR_INVALID_ARG_VALUE invalid argument|ERR_INVALID_URL invalid URL|ERR_SOCKET_BAD_PORT invalid port|ERR_SOCKET_CLOSED socket closed|ERR_SOCKET_CONNECTION_TIMEOUT connection timed out|ERR_STREAM_DESTROYED stream destroyed|ERR_STREAM_PREMATURE_CLOSE stream closed early|ERR_MODULE_NOT_FOUND module not found|MODULE_NOT_FOUND module not found',
  tls: 'CERT_CHAIN_TOO_LONG certificate chain too long|CERT_HAS_EXPIRED certificate has expired|CERT_NOT_YET_VALID certificate not yet valid|CERT_REJECTED certificate rejected|CERT_REVOKED certificate revoked|CERT_SIGNATURE_FAILURE certificate signature failure|CERT_UNTRUSTED certificate not trusted|CRL_HAS_EXPIRED revocation list has expired|DEPTH_ZERO_SELF_SIGNED_CERT self-signed certificate|HOSTNAME_MISMATCH host name mismatch|INVALID_CA invalid CA certificate|INVALID_PURPOSE unsuitable certificate purpose|SELF_SIGNED_CERT_IN_CHAIN self-signed certificate in chain|UNABLE_TO_GET_ISSUER_CERT unable to get issuer certificate|UNABLE_TO_GET_ISSUER_CERT_LOCALLY unable to get local issuer certificate|UNABLE_TO_VERIFY_LEAF_SIGNATURE unable to verify the first certificate|ERR_TLS_CERT_ALTNAME_INVALID host name not in the certificate|ERR_TLS_HANDSHAKE_TIMEOUT TLS handshake timed out|ERR_TLS_PROTOCOL_VERSION_CONFLICT conflicting TLS versions|ERR_OSSL_X509_KEY_VALUES_MISMATCH key does not match the certificate|ERR_OSSL_PEM_NO_START_LINE no PEM data|ERR_OSSL_PEM_BAD_DECRYPT wrong passphrase of the key|ERR_OSSL_BAD_DECRYPT wrong passphrase of the key|ERR_OSSL_EVP_BAD_DECRYPT wrong passphrase of the key|ERR_OSSL_UNSUPPORTED unsupported by OpenSSL|ERR_SSL_WRONG_VERSION_NUMBER server does not speak TLS|ERR_SSL_NO_PROTOCOLS_AVAILABLE no TLS version in common|ERR_SSL_UNSUPPORTED_PROTOCOL unsupported TLS version|ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION TLS version refused|ERR_SSL_TLSV1_ALERT_UNKNOWN_CA unknown CA|ERR_SSL_TLSV1_UNRECOGNIZED_NAME unrecognized server name|ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED client certificate required|ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE handshake failure|ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE bad certificate|ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED certificate expired|ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN certificate unknown',
  // PostgreSQL, appendix A: connections, authorization, catalogs, resources and operator intervention.
  postgresql:
    '08000 connection_exception|08001 sqlclient_unable_to_establish_sqlconnection|08003 connection_does_not_exist|08004 sqlserver_rejected_establishment_of_sqlconnection|08006 connection_failure|08P01 protocol_violation|0A000 feature_not_supported|22023 invalid_parameter_value|25006 read_only_sql_transaction|28000 invalid_authorization_specification|28P01 invalid_password|3D000 invalid_catalog_name|3F000 invalid_schema_name|40001 serialization_failure|40P01 deadlock_detected|42501 insufficient_privilege|42601 syntax_error|42704 undefined_object|42883 undefined_function|42P01 undefined_table|42703 undefined_column|53000 insufficient_resources|53100 disk_full|53200 out_of_memory|53300 too_many_connections|53400 configuration_limit_exceeded|55000 object_not_in_prerequisite_state|55006 object_in_use|55P03 lock_not_available|57000 operator_intervention|57014 query_canceled|57P01 admin_shutdown|57P02 crash_shutdown|57P03 cannot_connect_now|57P04 database_dropped|57P05 idle_session_timeout|58000 system_error|58030 io_error|58P01 undefined_file|F0000 config_file_error|XX000 internal_error',
  mysql:
    'ER_ACCESS_DENIED_ERROR access denied|ER_ACCESS_DENIED_NO_PASSWORD_ERROR access denied without a password|ER_BAD_DB_ERROR unknown database|ER_BAD_HOST_ERROR host unknown to the server|ER_CON_COUNT_ERROR too many connections|ER_DBACCESS_DENIED_ERROR access to the database denied|ER_HOST_IS_BLOCKED host blocked|ER_HOST_NOT_PRIVILEGED host not allowed|ER_LOCK_DEADLOCK deadlock|ER_LOCK_WAIT_TIMEOUT lock wait timed out|ER_MUST_CHANGE_PASSWORD password must be changed|ER_NOT_SUPPORTED_AUTH_MODE unsupported authentication|ER_NO_SUCH_TABLE no such table|ER_OPTION_PREVENTS_STATEMENT server is read-only|ER_OUT_OF_RESOURCES out of resources|ER_QUERY_INTERRUPTED query interrupted|ER_QUERY_TIMEOUT query timed out|ER_SECURE_TRANSPORT_REQUIRED TLS required|ER_SERVER_SHUTDOWN server shutdown|ER_TABLEACCESS_DENIED_ERROR access to the table denied|ER_TOO_MANY_USER_CONNECTIONS too many connections of the user|ER_USER_LIMIT_REACHED limit of the user reached|HANDSHAKE_NO_SSL_SUPPORT server does not speak TLS|HANDSHAKE_SSL_ERROR TLS handshake failed|HANDSHAKE_UNKNOWN_ERROR handshake failed|PROTOCOL_CONNECTION_LOST connection lost|PROTOCOL_PACKETS_OUT_OF_ORDER packets out of order|PROTOCOL_SEQUENCE_TIMEOUT timed out|AUTH_SWITCH_PLUGIN_ERROR authentication plugin failed',
  redis:
    'ASK slot is being moved|BUSY script running|CLUSTERDOWN cluster down|CONNECTION_BROKEN connection broken|EXECABORT transaction aborted|LOADING loading the data set|MASTERDOWN master down|MISCONF persistence fails|MOVED slot moved|NOAUTH authentication required|NOPERM no permission|NOREPLICAS not enough replicas|NR_CLOSED connection closed|OOM out of memory|READONLY read-only replica|TRYAGAIN try again|UNCERTAIN_STATE connection lost in a command|UNKILLABLE script cannot be stopped|WRONGPASS wrong user name or password|WRONGTYPE wrong type of key',
  // Only statuses that are listed are shown.
  http: 'HTTP_400 bad request|HTTP_401 unauthorized|HTTP_403 forbidden|HTTP_404 not found|HTTP_405 method not allowed|HTTP_407 proxy authentication required|HTTP_408 request timeout|HTTP_409 conflict|HTTP_410 gone|HTTP_412 precondition failed|HTTP_413 content too large|HTTP_415 unsupported media type|HTTP_421 misdirected request|HTTP_422 unprocessable content|HTTP_423 locked|HTTP_425 too early|HTTP_429 too many requests|HTTP_431 header fields too large|HTTP_472 standby of a secondary|HTTP_473 standby|HTTP_500 internal server error|HTTP_501 not implemented|HTTP_502 bad gateway|HTTP_503 service unavailable|HTTP_504 gateway timeout|HTTP_507 insufficient storage',
  undici:
    'UND_ERR_ABORTED aborted|UND_ERR_BODY_TIMEOUT body timed out|UND_ERR_CLOSED client closed|UND_ERR_CONNECT_TIMEOUT connect timed out|UND_ERR_DESTROYED client destroyed|UND_ERR_HEADERS_OVERFLOW headers too large|UND_ERR_HEADERS_TIMEOUT headers timed out|UND_ERR_INVALID_ARG invalid argument|UND_ERR_PRX_TLS TLS to the proxy failed|UND_ERR_REQ_RETRY retries used up|UND_ERR_RES_EXCEEDED_MAX_SIZE response too large|UND_ERR_RESPONSE_STATUS_CODE status code of an error|UND_ERR_SOCKET socket failed',
}

/** The names of gRPC's status codes, from 1. */
const grpc =
  'CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'

let conditions: ReadonlyMap<string, string> | undefined
let redisCodes: ReadonlySet<string> | undefined

const entriesOf = (table: string): readonly (readonly [code: string, condition: string])[] =>
  table.split('|').map((entry) => [entry.slice(0, entry.indexOf(' ')), entry.slice(entry.indexOf(' ') + 1)])

/** Returns the condition that a code stands for; undefined for a code that is not known to hold no data. */
export const conditionOf = (code: string): string | undefined => {
  conditions ??= new Map(Object.values(tables).flatMap(entriesOf))
  return conditions.get(code)
}

/** Returns the name of a status code of gRPC. */
export const grpcName = (code: number): string | undefined => grpc.split(' ')[code - 1]

/** Returns the code that begins an error reply of redis, such as `WRONGPASS` of `WRONGPASS invalid username-password pair`. */
export const redisCodeOf = (reply: string): string | undefined => {
  redisCodes ??= new Set(entriesOf(tables.redis).map(([code]) => code))
  const [word = ''] = reply.split(' ', 1)
  return redisCodes.has(word) ? word : undefined
}
