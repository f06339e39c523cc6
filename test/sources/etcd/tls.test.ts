import type { Etcd3 } from 'etcd3'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { makeCertificates, type Authority, type Certificate } from '../../support/etcd-certificates.ts'
import type { EtcdServerOptions } from '../../support/etcd-server.ts'
import { begin, disconnect, lasting, newKey, pass, useProxy, useServer } from './scene.ts'

let certificates: Awaited<ReturnType<typeof makeCertificates>>
let authority: Authority
let stranger: Authority
let client: Certificate

beforeAll(async () => {
  certificates = await makeCertificates()
  authority = await certificates.makeAuthority('authority')
  stranger = await certificates.makeAuthority('stranger')
  client = await authority.issue('client')
})
afterAll(() => certificates.remove())

const credentialsOf = (trusted: Authority, own?: Certificate) => ({
  rootCertificate: trusted.rootCertificate,
  ...(own === undefined ? {} : { certChain: own.certChain, privateKey: own.privateKey }),
})

/** A server with TLS behind a proxy, and a key of its own. */
const useSecure = async (test: TestContext, tls: NonNullable<EtcdServerOptions['tls']>) => {
  const server = await useServer(test, { tls })
  const proxy = await useProxy(test, server.port)
  const credentials = credentialsOf(authority, client)
  const admin = <Value>(work: (client: Etcd3) => Promise<Value>): Promise<Value> => server.admin(work, { credentials })
  return { server, proxy, hosts: `https://127.0.0.1:${proxy.port}`, ...newKey({ admin }) }
}

describe.concurrent('Over TLS', () => {
  it('the newest document serves through cuts and restarts', async (test) => {
    const { server, proxy, hosts, key, put } = await useSecure(test, await authority.issue('server'))
    await put(1)
    const scene = begin(test, { hosts, key, credentials: credentialsOf(authority) })
    await scene.comesTo('watching')
    await disconnect(proxy)
    await put(2)
    await pass(lasting(300, 30_000))
    await proxy.heal()
    await scene.serves(2)
    await server.restart()
    await put(3)
    await scene.serves(3)
  })

  it('a client shows its own certificate where the server wants one', async (test) => {
    const tls = { ...(await authority.issue('server')), clientAuthority: authority.file }
    const { proxy, hosts, key, put } = await useSecure(test, tls)
    await put(1)
    const scene = begin(test, { hosts, key, credentials: credentialsOf(authority, client) })
    await scene.serves(1)
    proxy.cut()
    await put(2)
    await scene.serves(2)
  })

  it('a client without one, or with one of a stranger, is told so', async (test) => {
    const tls = { ...(await authority.issue('server')), clientAuthority: authority.file }
    const { hosts, key, put } = await useSecure(test, tls)
    await put(1)
    for (const own of [undefined, await stranger.issue('client')]) {
      const scene = begin(test, { hosts, key, credentials: credentialsOf(authority, own) })
      await scene.names('source.tls')
      expect(scene.failedStart()).toBeUndefined()
    }
  })

  it('an authority that the client does not trust is named, and nothing is served', async (test) => {
    const { hosts, key, put } = await useSecure(test, await authority.issue('server'))
    await put(1)
    const scene = begin(test, { hosts, key, credentials: credentialsOf(stranger) })
    scene.allowedReads = 5
    await scene.names('source.tls')
    await scene.comesTo('backing-off')
    await pass(lasting(2_000, 30_000))
    expect(scene.serving()).toBeUndefined()
    expect(JSON.stringify(scene.reloader.status())).toContain('source.tls')
  })

  it('an expired certificate is named, and a restart with a good one is enough', async (test) => {
    const expired = await useServer(test, { tls: await authority.issue('server', 'expired') })
    const { server, proxy, hosts, key, put } = await useSecure(test, await authority.issue('server'))
    await put(1)
    proxy.retarget(expired.port)
    const scene = begin(test, { hosts, key, credentials: credentialsOf(authority) })
    await scene.names('source.tls')
    expect(scene.hasStarted()).toBe(false)
    proxy.retarget(server.port)
    await scene.serves(1)
  })

  it('a certificate that expires while the service runs is named, and what served goes on', async (test) => {
    const expired = await useServer(test, { tls: await authority.issue('server', 'expired') })
    const { server, proxy, hosts, key, put } = await useSecure(test, await authority.issue('server'))
    await put(1)
    const scene = begin(test, { hosts, key, credentials: credentialsOf(authority) })
    await scene.serves(1)
    proxy.retarget(expired.port)
    proxy.cut()
    await scene.names('source.tls')
    expect(scene.serving()).toBe(1)
    await put(2)
    proxy.retarget(server.port)
    await scene.serves(2)
  })
})
