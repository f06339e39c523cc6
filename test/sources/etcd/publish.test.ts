import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isChangeoverError } from '../../../src/model/failure.ts'
import { etcdSource, publish } from '../../../src/sources/etcd/index.ts'
import { startGrpcProxy } from '../../support/etcd-grpc-proxy.ts'
import { freePorts, startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { never, readDocument, textOf } from '../follow.ts'
import { startProxy } from '../../support/tcp-proxy.ts'

let server: EtcdServer
let keys = 0

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

const target = () => ({ hosts: server.endpoint, key: `/publish/${++keys}` })

/** The name of the new revision, or the code and revision of the error. */
const outcome = async (work: Promise<string>): Promise<string | { code: string; revision: string | undefined }> => {
  try {
    return await work
  } catch (error) {
    if (!isChangeoverError(error)) throw error
    return { code: error.code, revision: error.revision }
  }
}

it('A read finds a published document under the name that publish returned', async () => {
  const to = target()
  const source = etcdSource(to)
  const name = await publish(to, '{"n":"é"}')
  const document = await readDocument(source)
  expect(textOf(document)).toBe('{"n":"é"}')
  expect(document.revision.name).toBe(name)
  await publish(to, Uint8Array.of(0xff))
  expect((await readDocument(source)).content).toEqual(Uint8Array.of(0xff))
  await source.close?.()
})

it('A publish for an outdated revision rejects with the current revision, and writes nothing', async () => {
  const to = target()
  const source = etcdSource(to)
  expect((await source.read(never)).revision.name).toBe('0')
  const first = await publish(to, '{"n":1}', { ifRevision: '0' })
  expect(await outcome(publish(to, '{"n":2}', { ifRevision: '0' }))).toEqual({
    code: 'source.conflict',
    revision: first,
  })
  const second = await publish(to, '{"n":2}', { ifRevision: first })
  expect(await outcome(publish(to, '{"n":3}', { ifRevision: first }))).toEqual({
    code: 'source.conflict',
    revision: second,
  })
  expect(textOf(await readDocument(source))).toBe('{"n":2}')
  await server.admin(async (client) => client.delete().key(to.key))
  expect(await outcome(publish(to, '{"n":3}', { ifRevision: second }))).toEqual({
    code: 'source.conflict',
    revision: '0',
  })
  await source.close?.()
})

it('Only one of many publishers for the same revision writes', async () => {
  const to = target()
  let current = await publish(to, '{"n":0}')
  for (let round = 0; round < 5; round++) {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, n) => outcome(publish(to, `{"n":${n}}`, { ifRevision: current }))),
    )
    const written = outcomes.filter((result) => typeof result === 'string')
    expect(written).toHaveLength(1)
    for (const result of outcomes) if (typeof result !== 'string') expect(result.code).toBe('source.conflict')
    current = written[0] ?? current
  }
})

it('A publish uses a host that answers', async () => {
  const [dead = 0] = await freePorts(1)
  const to = { ...target(), hosts: [`http://127.0.0.1:${dead}`, server.endpoint] }
  for (let attempt = 0; attempt < 8; attempt++) expect(typeof (await outcome(publish(to, '{}')))).toBe('string')
})

it('A publish that fails rejects with the reason within its deadline', async () => {
  const [dead = 0] = await freePorts(1)
  expect(await outcome(publish({ hosts: `http://127.0.0.1:${dead}`, key: 'k' }, '{}'))).toMatchObject({
    code: 'source.unreachable',
  })
  const proxy = await startProxy(server.port)
  proxy.blackHole()
  const silent = { hosts: `http://127.0.0.1:${proxy.port}`, key: 'k' }
  expect(await outcome(publish({ ...silent, deadlines: { callMs: 300 } }, '{}'))).toMatchObject({
    code: 'source.timeout',
  })
  const aborted = publish(silent, '{}', { signal: AbortSignal.timeout(100) })
  expect(await outcome(aborted)).toMatchObject({ code: 'source.closed' })
  await proxy.close()
  expect(await outcome(publish(target(), '{}', { ifRevision: 'latest' }))).toMatchObject({
    code: 'reloader.invalid-option',
  })
})

describe('A publish of a document that is too large', () => {
  const MB = 1_000_000
  const tooLarge = expect.objectContaining({ code: 'document.too-large' })

  it.each([1.6, 2, 2.5, 5, 20, 70])('rejects with document.too-large: %s MB', async (size) => {
    // How long 70 MB take is not what is tested.
    const to = { ...target(), deadlines: { callMs: 120_000 } }
    await publish(to, '{"n":1}')
    const document = Buffer.alloc(size * MB, ' ')
    await expect(publish(to, document)).rejects.toEqual(tooLarge)
    await expect(publish(to, document)).rejects.toThrow(`${size * MB} bytes`)
    await expect(publish(to, document, { ifRevision: '0' })).rejects.toMatchObject({ code: 'source.conflict' })
    const source = etcdSource(to)
    expect(textOf(await readDocument(source))).toBe('{"n":1}')
    await source.close?.()
  })

  it('depends on the limit of the server', async () => {
    for (const [limit, accepted, refused] of [
      [100_000, 90_000, 110_000],
      [4 * MB, 3.9 * MB, 4.1 * MB],
    ] as const) {
      const limited = await startEtcd({ flags: ['--max-request-bytes', String(limit)] })
      const to = { hosts: limited.endpoint, key: '/limited' }
      await publish(to, Buffer.alloc(accepted, ' '))
      await expect(publish(to, Buffer.alloc(refused, ' '))).rejects.toEqual(tooLarge)
      await expect(publish(to, Buffer.alloc(refused + MB, ' '), { ifRevision: '2' })).rejects.toEqual(tooLarge)
      await limited.stop()
    }
  })

  it('depends on the limit of this client', async () => {
    const to = { ...target(), grpcOptions: { 'grpc.max_send_message_length': 1_000 } }
    await publish(to, Buffer.alloc(500, ' '))
    await expect(publish(to, Buffer.alloc(2_000, ' '))).rejects.toEqual(tooLarge)
  })

  it('depends on the limit of a proxy before the server', async () => {
    const grpcProxy = await startGrpcProxy(server.endpoint)
    const to = { ...target(), hosts: grpcProxy.endpoint }
    const first = await publish(to, '{"n":1}')
    const second = await publish(to, '{"n":2}', { ifRevision: first })
    expect(await outcome(publish(to, '{"n":3}', { ifRevision: first }))).toEqual({
      code: 'source.conflict',
      revision: second,
    })
    for (const size of [1.6, 2.5, 5]) await expect(publish(to, Buffer.alloc(size * MB, ' '))).rejects.toEqual(tooLarge)
    await grpcProxy.stop()
  })

  it('is not confused with a server that has no room left', async () => {
    const full = await startEtcd({ flags: ['--quota-backend-bytes', '65536'] })
    const to = { hosts: full.endpoint, key: '/full' }
    let code = ''
    for (let n = 0; n < 20 && code === ''; n++) {
      code = await publish(to, Buffer.alloc(50_000, ' ')).then(
        () => '',
        (error: { code: string }) => error.code,
      )
    }
    expect(code).toBe('source.failed')
    await full.stop()
  })
})
