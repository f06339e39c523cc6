import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { createCertificates, type Authority } from '../../support/etcd-certificates.ts'
import { findNode, hasOtherNodes } from '../../support/node-binary.ts'
import { useServer } from './running-service.ts'

const run = promisify(execFile)
const child = fileURLToPath(new URL('./tls-child.ts', import.meta.url))
const major = Number(process.versions.node.split('.')[0])

let certificates: Awaited<ReturnType<typeof createCertificates>>
let authority: Authority
let untrusted: Authority

beforeAll(async () => {
  certificates = await createCertificates()
  authority = await certificates.createAuthority('authority')
  untrusted = await certificates.createAuthority('untrusted')
})
afterAll(() => certificates.remove())

interface Outcome {
  readonly node: string
  readonly result: object
  readonly warnings: readonly string[]
}

const connectWith = async (node: string, ...args: readonly string[]): Promise<Outcome> => {
  const { stdout } = await run(node, ['--import', 'tsx', child, ...args], { timeout: 60_000 })
  return JSON.parse(stdout) as Outcome
}

/** Starts a server whose certificate has these names, and connects to it with one version of Node. */
const connect = async (test: TestContext, version: number, names: string, host: string, grpcOptions: object = {}) => {
  const server = await useServer(test, { tls: await authority.issue('server', 'valid', names) })
  return connectWith(
    await findNode(version),
    `https://${host}:${server.port}`,
    authority.file,
    JSON.stringify(grpcOptions),
  )
}

// The oldest and the newest that are supported, and the one that runs.
const versions = hasOtherNodes ? [...new Set([major, 22, 24, 26])] : [major]

describe.each(versions)('A source over TLS on Node %s', (version) => {
  const connected = { result: { found: 'missing', watched: 'opened' }, warnings: [] }
  const refused = { result: { code: 'source.tls' }, warnings: [] }

  it('connects to an IP address that its certificate names, without a warning', async (test) => {
    const outcome = await connect(test, version, 'IP:127.0.0.1', '127.0.0.1')
    expect(outcome).toMatchObject(connected)
    expect(outcome.node.split('.')[0]).toBe(String(version))
  })

  it('shows source.tls for an IP address that its certificate does not name', async (test) => {
    for (const names of ['IP:127.0.0.2', 'DNS:localhost', 'DNS:127.0.0.1']) {
      expect(await connect(test, version, names, '127.0.0.1')).toMatchObject(refused)
    }
  })

  it('connects to a host name that its certificate names, and refuses another', async (test) => {
    expect(await connect(test, version, 'DNS:localhost', 'localhost')).toMatchObject(connected)
    expect(await connect(test, version, 'IP:127.0.0.1', 'localhost')).toMatchObject(refused)
  })

  it('verifies the name that gRPC is told to expect instead of the address', async (test) => {
    const expecting = (name: string) => ({ 'grpc.ssl_target_name_override': name })
    expect(await connect(test, version, 'DNS:etcd.test', '127.0.0.1', expecting('etcd.test'))).toMatchObject(connected)
    expect(await connect(test, version, 'IP:127.0.0.1', '127.0.0.1', expecting('etcd.test'))).toMatchObject(refused)
    expect(await connect(test, version, 'IP:10.0.0.1', '127.0.0.1', expecting('10.0.0.1'))).toMatchObject(connected)
  })

  it('shows source.tls for an authority that it does not trust', async (test) => {
    const server = await useServer(test, { tls: await untrusted.issue('server') })
    const outcome = await connectWith(await findNode(version), server.endpoint, authority.file)
    expect(outcome).toMatchObject(refused)
  })
})
