import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { etcdSource, publish, type EtcdConnection, type EtcdCredentials } from '../../../src/sources/etcd/index.ts'
import { createCertificates, type Authority, type Certificate } from '../../support/etcd-certificates.ts'
import type { EtcdServer } from '../../support/etcd-server.ts'
import { codeOf, never } from '../follow.ts'
import { startService, useProxy, useServer } from './running-service.ts'

let certificates: Awaited<ReturnType<typeof createCertificates>>
let authority: Authority
let next: Authority
let serverCertificate: Certificate
let client: Certificate
let nextClient: Certificate
let expired: Certificate

beforeAll(async () => {
  certificates = await createCertificates()
  authority = await certificates.createAuthority('authority')
  next = await certificates.createAuthority('next')
  serverCertificate = await authority.issue('server')
  client = await authority.issue('client')
  nextClient = await next.issue('client')
  expired = await authority.issue('client', 'expired')
})
afterAll(() => certificates.remove())

const credentialsOf = (trusted: Authority, own?: Certificate): EtcdCredentials => ({
  rootCertificate: trusted.rootCertificate,
  ...(own === undefined ? {} : { certChain: own.certChain, privateKey: own.privateKey }),
})

const put = (server: EtcdServer, key: string, n: number): Promise<unknown> =>
  server.admin(async (client) => client.put(key).value(`{"n":${n}}`))

describe.concurrent('A service whose credentials are a function', () => {
  it('follows the rotation of its own certificate to another authority', async (test) => {
    const key = '/rotated/config'
    const before = await useServer(test, { tls: { ...serverCertificate, clientAuthority: authority.file } })
    const after = await useServer(test, { tls: { ...serverCertificate, clientAuthority: next.file } })
    await put(before, key, 1)
    await put(after, key, 2)
    const proxy = await useProxy(test, before.port)
    let own = client
    let calls = 0
    const credentials = async (): Promise<EtcdCredentials> => {
      calls += 1
      return credentialsOf(authority, own)
    }
    const service = startService(test, { hosts: `https://127.0.0.1:${proxy.port}`, key, credentials })
    await service.serves(1)
    expect(calls).toBe(1)
    proxy.retarget(after.port)
    proxy.cut()
    await service.showsError('source.tls')
    expect(service.serving()).toBe(1)
    own = nextClient
    await service.serves(2)
  })

  it('starts once the function no longer returns an expired certificate', async (test) => {
    const server = await useServer(test, { tls: { ...serverCertificate, clientAuthority: authority.file } })
    const key = '/expired/config'
    await put(server, key, 1)
    let own = expired
    const service = startService(test, {
      hosts: server.endpoint,
      key,
      credentials: () => credentialsOf(authority, own),
    })
    await service.showsError('source.tls')
    expect(service.hasStarted()).toBe(false)
    own = client
    await service.serves(1)
  })

  it('follows the rotation of the authority that it trusts', async (test) => {
    const key = '/authority/config'
    const before = await useServer(test, { tls: serverCertificate })
    const after = await useServer(test, { tls: await next.issue('server') })
    await put(before, key, 1)
    await put(after, key, 2)
    const proxy = await useProxy(test, before.port)
    let trusted = authority
    const credentials = () => credentialsOf(trusted)
    const service = startService(test, { hosts: `https://127.0.0.1:${proxy.port}`, key, credentials })
    await service.serves(1)
    proxy.retarget(after.port)
    proxy.cut()
    await service.showsError('source.tls')
    trusted = next
    await service.serves(2)
  })

  it('shows source.credentials while the files of a rotation do not fit together, and then follows it', async (test) => {
    const server = await useServer(test, { tls: { ...serverCertificate, clientAuthority: authority.file } })
    const key = '/halves/config'
    await put(server, key, 1)
    let current: EtcdCredentials = { ...credentialsOf(authority, client), privateKey: nextClient.privateKey }
    const service = startService(test, { hosts: server.endpoint, key, credentials: async () => current })
    await service.showsError('source.credentials')
    current = credentialsOf(authority, client)
    await service.serves(1)
  })
})

describe('A function for credentials', () => {
  it.each<[string, () => unknown]>([
    ['throws', () => thrower(new Error('-----BEGIN'))],
    ['rejects', async () => thrower(new Error('-----BEGIN'))],
    ['never settles', () => new Promise(() => undefined)],
    ['returns undefined', () => undefined],
    ['returns null', () => null],
    ['returns a text', () => 'ca.pem'],
    ['returns no certificate', () => ({})],
    ['returns a parsed certificate', () => ({ rootCertificate: new X509Certificate(authority.rootCertificate) })],
    ['returns bytes that are no PEM', () => ({ rootCertificate: Buffer.from('-----BEGIN CERTIFICATE-----') })],
    ['returns a key without its certificate', () => ({ ...credentialsOf(authority), privateKey: client.privateKey })],
    [
      'returns a key of another certificate',
      () => ({ ...credentialsOf(authority, client), privateKey: Buffer.from('x') }),
    ],
  ])('makes reads, watches and publish fail with source.credentials if it %s', async (_, given) => {
    const credentials = given as NonNullable<EtcdConnection['credentials']>
    const options = { hosts: 'https://127.0.0.1:1', key: 'k', credentials, deadlines: { callMs: 300 } }
    const source = etcdSource(options)
    expect(await codeOf(source.read(never))).toBe('source.credentials')
    const events = source.watch({ lineage: '7/0', order: 1, name: '1' }, never)
    expect(await codeOf(events[Symbol.asyncIterator]().next())).toBe('source.credentials')
    await expect(publish(options, '{}')).rejects.toMatchObject({
      code: 'source.credentials',
      message: expect.not.stringContaining('BEGIN'),
    })
    await source.close?.()
  })
})

const thrower = (error: unknown): never => {
  throw error
}
