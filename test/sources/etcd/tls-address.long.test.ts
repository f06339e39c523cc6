import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useBundle } from '../../support/bundled-program.ts'
import { createCertificates, type Authority } from '../../support/etcd-certificates.ts'
import { findNode, hasOtherNodes } from '../../support/node-binary.ts'
import { shortOrLong, useServer } from './running-service.ts'
import type { Attempt } from './tls-child.ts'

const run = promisify(execFile)
const program = useBundle(new URL('./tls-child.ts', import.meta.url))
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
  readonly results: readonly string[]
  readonly warnings: readonly string[]
}

const connectWith = async (version: number, attempts: readonly Attempt[]): Promise<Outcome> => {
  const { stdout } = await run(await findNode(version), [program(), JSON.stringify(attempts)], { timeout: 120_000 })
  return JSON.parse(stdout) as Outcome
}

// The newest, whose TLS is the strictest; with CHANGEOVER_LONG=1 all that are supported.
const others = hasOtherNodes ? shortOrLong(1, 3) : 0

describe.each([...new Set([major, ...[26, 24, 22].slice(0, others)])])('A source over TLS on Node %s', (version) => {
  it('verifies IP addresses and host names against the certificate, and causes no warning', async (test) => {
    const serve = async (names: string, by = authority) => {
      const { port } = await useServer(test, { tls: await by.issue('server', 'valid', names) })
      return (host: string, target?: string): Attempt => ({
        hosts: `https://${host}:${port}`,
        authority: authority.file,
        ...(target === undefined ? {} : { grpcOptions: { 'grpc.ssl_target_name_override': target } }),
      })
    }
    const address = await serve('IP:127.0.0.1')
    const otherAddress = await serve('IP:127.0.0.2')
    const name = await serve('DNS:localhost,DNS:127.0.0.1')
    const foreign = await serve('IP:127.0.0.1', untrusted)
    const cases: readonly (readonly [Attempt, string])[] = [
      [address('127.0.0.1'), 'opened'],
      [otherAddress('127.0.0.1'), 'source.tls'],
      [name('127.0.0.1'), 'source.tls'],
      [foreign('127.0.0.1'), 'source.tls'],
      [name('localhost'), 'opened'],
      [address('localhost'), 'source.tls'],
      [name('127.0.0.1', 'localhost'), 'opened'],
      [address('127.0.0.1', 'localhost'), 'source.tls'],
      [otherAddress('127.0.0.1', '127.0.0.2'), 'opened'],
      [address('127.0.0.1', '127.0.0.2'), 'source.tls'],
    ]
    const outcome = await connectWith(
      version,
      cases.map(([attempt]) => attempt),
    )
    expect(outcome.node.split('.')[0]).toBe(String(version))
    expect(outcome.results).toEqual(cases.map(([, expected]) => expected))
    expect(outcome.warnings).toEqual([])
  })
})
