import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { createCertificates, type Authority, type Certificate } from '../../support/etcd-certificates.ts'
import type { EtcdServerOptions } from '../../support/etcd-server.ts'
import { disconnect, startService, shortOrLong, newKey, sleep, useProxy, useServer } from './running-service.ts'

let certificates: Awaited<ReturnType<typeof createCertificates>>
let authority: Authority
let untrusted: Authority
let client: Certificate

beforeAll(async () => {
  certificates = await createCertificates()
  authority = await certificates.createAuthority('authority')
  untrusted = await certificates.createAuthority('untrusted')
  client = await authority.issue('client')
})
afterAll(() => certificates.remove())

const credentialsOf = (trusted: Authority, own?: Certificate) => ({
  rootCertificate: trusted.rootCertificate,
  ...(own === undefined ? {} : { certChain: own.certChain, privateKey: own.privateKey }),
})

/** Starts a server with TLS behind a proxy. */
const useSecure = async (test: TestContext, tls: NonNullable<EtcdServerOptions['tls']>) => {
  const server = await useServer(test, { tls })
  const proxy = await useProxy(test, server.port)
  return { server, proxy, hosts: `https://127.0.0.1:${proxy.port}`, ...newKey(server) }
}

describe.concurrent('A service over TLS', () => {
  it('serves the newest document through cuts and restarts', async (test) => {
    const { server, proxy, hosts, key, put } = await useSecure(test, await authority.issue('server'))
    await put(1)
    const service = startService(test, { hosts, key, credentials: credentialsOf(authority) })
    await service.reaches('watching')
    await disconnect(proxy)
    await put(2)
    await sleep(shortOrLong(300, 30_000))
    await proxy.heal()
    await service.serves(2)
    await server.restart()
    await put(3)
    await service.serves(3)
  })

  it('presents its own certificate to a server that requires one', async (test) => {
    const tls = { ...(await authority.issue('server')), clientAuthority: authority.file }
    const { proxy, hosts, key, put } = await useSecure(test, tls)
    await put(1)
    const service = startService(test, { hosts, key, credentials: credentialsOf(authority, client) })
    await service.serves(1)
    proxy.cut()
    await put(2)
    await service.serves(2)
  })

  it('shows source.tls if the server requires a certificate, and it has none or an untrusted one', async (test) => {
    const tls = { ...(await authority.issue('server')), clientAuthority: authority.file }
    const { hosts, key, put } = await useSecure(test, tls)
    await put(1)
    for (const own of [undefined, await untrusted.issue('client')]) {
      const service = startService(test, { hosts, key, credentials: credentialsOf(authority, own) })
      await service.showsError('source.tls')
      expect(service.failedStart()).toBeUndefined()
    }
  })

  it('shows source.tls and serves nothing if it does not trust the authority of the server', async (test) => {
    const { hosts, key, put } = await useSecure(test, await authority.issue('server'))
    await put(1)
    const service = startService(test, { hosts, key, credentials: credentialsOf(untrusted) })
    service.allowedReads = 5
    await service.showsError('source.tls')
    await service.reaches('backing-off')
    await sleep(shortOrLong(2_000, 30_000))
    expect(service.serving()).toBeUndefined()
    expect(JSON.stringify(service.reloader.status())).toContain('source.tls')
  })

  it('shows source.unreachable with a hint at the scheme if only one side uses TLS', async (test) => {
    const secure = await useServer(test, { tls: await authority.issue('server') })
    const plain = await useServer(test)
    for (const hosts of [secure.endpoint.replace('https', 'http'), plain.endpoint.replace('http', 'https')]) {
      const service = startService(test, { hosts, key: 'k' })
      await service.showsError('source.unreachable')
      expect(service.reloader.status().source.lastError?.hint).toContain('https://')
    }
  })

  it('shows source.tls for an expired certificate, and starts once the server has a valid one', async (test) => {
    const expired = await useServer(test, { tls: await authority.issue('server', 'expired') })
    const { server, proxy, hosts, key, put } = await useSecure(test, await authority.issue('server'))
    await put(1)
    proxy.retarget(expired.port)
    const service = startService(test, { hosts, key, credentials: credentialsOf(authority) })
    await service.showsError('source.tls')
    expect(service.hasStarted()).toBe(false)
    proxy.retarget(server.port)
    await service.serves(1)
  })

  it('keeps serving if the certificate expires while it runs, and shows source.tls', async (test) => {
    const expired = await useServer(test, { tls: await authority.issue('server', 'expired') })
    const { server, proxy, hosts, key, put } = await useSecure(test, await authority.issue('server'))
    await put(1)
    const service = startService(test, { hosts, key, credentials: credentialsOf(authority) })
    await service.serves(1)
    proxy.retarget(expired.port)
    proxy.cut()
    await service.showsError('source.tls')
    expect(service.serving()).toBe(1)
    await put(2)
    proxy.retarget(server.port)
    await service.serves(2)
  })
})
