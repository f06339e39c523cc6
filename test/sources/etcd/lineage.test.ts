import { status } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'
import { SourceError } from '../../../src/api/source.ts'
import { cancelledWatchError, toSourceError } from '../../../src/sources/etcd/errors.ts'
import { createLineageTracker, toNumber } from '../../../src/sources/etcd/lineage.ts'

const header = (revision: number, term = 2, cluster = '7') => ({
  cluster_id: cluster,
  revision: String(revision),
  raft_term: String(term),
})

describe('The lineage', () => {
  it('stays while revision and term rise or stand still', () => {
    const lineages = createLineageTracker()
    expect(lineages.current()).toBeUndefined()
    for (const answer of [header(5), header(5), header(9), header(9, 3)]) {
      expect(lineages.observe(answer, lineages.mark())).toBe('7/0')
    }
  })

  it('changes when the revision goes back, when the term goes back, and with the cluster id', () => {
    const lineages = createLineageTracker()
    const seen = [header(50, 4), header(5, 4), header(60, 2), header(70, 2, '8'), header(80, 2, '8')].map((answer) =>
      lineages.observe(answer, lineages.mark()),
    )
    expect(seen).toEqual(['7/0', '7/1', '7/2', '8/3', '8/3'])
  })

  it('is not misled by reads that overlap and whose answers change places', () => {
    const lineages = createLineageTracker()
    lineages.observe(header(5), lineages.mark())
    const first = lineages.mark()
    const second = lineages.mark()
    expect(lineages.observe(header(7), second)).toBe('7/0')
    expect(lineages.observe(header(6), first)).toBe('7/0')
    expect(lineages.observe(header(6), lineages.mark())).toBe('7/1')
  })

  it('refuses the answer of a read that a change of the store overtook', () => {
    const lineages = createLineageTracker()
    lineages.observe(header(50), lineages.mark())
    const overtaken = lineages.mark()
    lineages.observe(header(5), lineages.mark())
    expect(() => lineages.observe(header(51), overtaken)).toThrow(SourceError)
    expect(lineages.observe(header(6), lineages.mark())).toBe('7/1')
  })

  it('changes where a read finds less than a watch has told, unless the watch was of another lineage', () => {
    const lineages = createLineageTracker()
    lineages.advance('7/0', 99)
    expect(lineages.observe(header(5), lineages.mark())).toBe('7/0')
    lineages.advance('7/1', 99)
    lineages.advance('7/0', 20)
    lineages.advance('7/0', 10)
    expect(lineages.observe(header(20), lineages.mark())).toBe('7/0')
    expect(lineages.observe(header(19), lineages.mark())).toBe('7/1')
  })

  it('takes no revision that a JavaScript number cannot hold', () => {
    expect(toNumber('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
    expect(() => toNumber('9007199254740993')).toThrow(SourceError)
  })
})

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
  ])('%i %s is %s', (code, details, expected) => {
    const error = Object.assign(new Error(details), { code, details })
    expect(toSourceError(error).code).toBe(expected)
    expect(toSourceError(error).cause).toBe(error)
    expect(toSourceError(error).message).toBe(expected)
  })

  it('in a cancelled watch is known by its reason alone', () => {
    const told = (reason: string): string => cancelledWatchError(reason).code
    expect(told('rpc error: code = PermissionDenied desc = etcdserver: permission denied')).toBe('source.denied')
    expect(told('etcdserver: invalid auth token')).toBe('source.unauthenticated')
    expect(told('')).toBe('source.closed')
  })

  it('that is none at all still has a code', () => {
    for (const thrown of [undefined, null, 'text', {}]) expect(toSourceError(thrown).code).toBe('source.failed')
  })
})
