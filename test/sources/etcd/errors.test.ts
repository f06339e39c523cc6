import { status } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { cancelledWatchError, toSourceError } from '../../../src/sources/etcd/connection/errors.ts'

describe('An error of etcd or gRPC', () => {
  const refused = 'No connection established. Last error: Error: '

  it.each([
    [status.UNAVAILABLE, `${refused}connect ECONNREFUSED 127.0.0.1:1. Resolution note: `, 'source.unreachable'],
    [status.UNAVAILABLE, 'Name resolution failed for target dns:certificate.example:2379', 'source.unreachable'],
    [status.UNAVAILABLE, 'etcdserver: no leader', 'source.unreachable'],
    [status.UNAVAILABLE, 'etcdserver: request timed out', 'source.timeout'],
    [status.UNAVAILABLE, `${refused}self-signed certificate. Resolution note: `, 'source.tls'],
    [status.UNAVAILABLE, `${refused}certificate has expired. Resolution note: `, 'source.tls'],
    [status.UNAVAILABLE, `${refused}unable to get local issuer certificate`, 'source.tls'],
    [status.UNAVAILABLE, `${refused}Hostname/IP does not match certificate's altnames`, 'source.tls'],
    [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'source.timeout'],
    [status.UNAUTHENTICATED, 'etcdserver: invalid auth token', 'source.unauthenticated'],
    [status.UNAUTHENTICATED, 'the words of a proxy', 'source.unauthenticated'],
    [status.PERMISSION_DENIED, 'the words of a proxy', 'source.denied'],
    [status.UNAVAILABLE, 'the words of a proxy', 'source.unreachable'],
    [status.DEADLINE_EXCEEDED, 'the words of a proxy', 'source.timeout'],
    [status.INVALID_ARGUMENT, 'etcdserver: user name is empty', 'source.unauthenticated'],
    [status.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old', 'source.unauthenticated'],
    [
      status.INVALID_ARGUMENT,
      'etcdserver: authentication failed, invalid user ID or password',
      'source.unauthenticated',
    ],
    [status.PERMISSION_DENIED, 'etcdserver: permission denied', 'source.denied'],
    [status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted', 'source.compacted'],
    [status.INTERNAL, 'Received RST_STREAM with code 2', 'source.failed'],
  ])('with status %i and the text "%s" becomes %s', (code, details, expected) => {
    const error = Object.assign(new Error(details), { code, details })
    expect(toSourceError(error).code).toBe(expected)
    expect(toSourceError(error).cause).toBe(error)
    expect(toSourceError(error).message).toBe(expected)
  })

  it('of a cancelled watch is identified by its reason', () => {
    const codeOf = (reason: string): string => cancelledWatchError(reason).code
    expect(codeOf('rpc error: code = PermissionDenied desc = etcdserver: permission denied')).toBe('source.denied')
    expect(codeOf('etcdserver: invalid auth token')).toBe('source.unauthenticated')
    expect(codeOf('')).toBe('source.closed')
  })

  it('has a code even if it is not an Error', () => {
    for (const thrown of [undefined, null, 'text', {}]) expect(toSourceError(thrown).code).toBe('source.failed')
  })
})
