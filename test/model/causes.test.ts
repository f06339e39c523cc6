import { describe, expect, it } from 'vitest'
import { failure } from '../../src/model/failure.ts'
import { safeCause } from '../../src/model/cause/safe-cause.ts'
import { errorWithSecrets, secret, secretsIn, show } from '../support/secrets.ts'

const S = secret('cause')
const error = (properties: object, cause?: unknown): Error =>
  Object.assign(new Error(S, cause === undefined ? {} : { cause }), properties)

class ReplyError extends Error {}
class DatabaseError extends Error {
  override name = 'error'
  code = '53300'
}

describe('A cause', () => {
  it.each<[string, Error, string]>([
    ['PostgreSQL', error({ code: '28P01', detail: S, name: 'DatabaseError' }), 'DatabaseError 28P01 invalid_password'],
    ['PostgreSQL, by its class', new DatabaseError(S), 'DatabaseError 53300 too_many_connections'],
    ['PostgreSQL, a database', error({ code: '3D000' }), 'Error 3D000 invalid_catalog_name'],
    ['MySQL', error({ code: 'ER_ACCESS_DENIED_ERROR', errno: 1045 }), 'Error ER_ACCESS_DENIED_ERROR access denied'],
    ['redis, by its reply', new ReplyError(`WRONGPASS ${S}`), 'ReplyError WRONGPASS wrong user name or password'],
    ['redis, by its code', error({ code: 'NOAUTH' }), 'Error NOAUTH authentication required'],
    ['gRPC', error({ code: 14, details: S }), 'Error UNAVAILABLE'],
    ['gRPC, denied', error({ code: 7, details: S }), 'Error PERMISSION_DENIED'],
    ['undici', error({ code: 'UND_ERR_CONNECT_TIMEOUT' }), 'Error UND_ERR_CONNECT_TIMEOUT connect timed out'],
    ['TLS', error({ code: 'CERT_HAS_EXPIRED' }), 'Error CERT_HAS_EXPIRED certificate has expired'],
    ['a system', error({ code: 'ECONNREFUSED', address: S }), 'Error ECONNREFUSED connection refused'],
    [
      'fetch',
      Object.assign(new TypeError('fetch failed'), { cause: error({ code: 'ENOTFOUND', hostname: S }) }),
      'TypeError ENOTFOUND host not found',
    ],
    [
      'a chain of codes',
      error({ code: 'UND_ERR_SOCKET' }, error({ code: 'ECONNRESET' }, error({ code: S }))),
      'Error UND_ERR_SOCKET socket failed < ECONNRESET connection reset',
    ],
    [
      'several addresses',
      Object.assign(new AggregateError([error({ code: 'ECONNREFUSED' }), error({ code: 'ENETUNREACH' })], S), {}),
      'AggregateError ECONNREFUSED connection refused < ENETUNREACH network unreachable',
    ],
    ['an unknown code', error({ code: S, name: S }), 'Error'],
    ['a reply that is no known one', new ReplyError(`${S} x`), 'ReplyError'],
    ['an error with secrets in every place', errorWithSecrets('cause'), 'Error'],
  ])('is shown by its name, its codes and their conditions: %s', (_, cause, text) => {
    const failed = failure('module.prepare-failed', { module: 'db' }, cause)
    expect(failed.message).toBe(`The module could not prepare its next generation (module "db", cause ${text})`)
    expect(secretsIn(show(failed))).toEqual([])
  })

  it('lists the codes of its chain as data', () => {
    const cause = error({ code: 'UND_ERR_SOCKET' }, error({ code: 'ECONNRESET' }))
    expect(safeCause(cause)).toEqual({
      name: 'Error',
      code: 'UND_ERR_SOCKET',
      condition: 'socket failed',
      codes: ['UND_ERR_SOCKET', 'ECONNRESET'],
    })
  })

  it.each([
    ['null', null],
    ['string', S],
    ['undefined', undefined],
  ])('that is no error is shown by its type: %s', (name, cause) => {
    expect(safeCause(cause)).toEqual({ name })
  })
})
