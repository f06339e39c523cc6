import type { Etcd3 } from 'etcd3'
import { describe, expect, it, type TestContext } from 'vitest'
import { disconnect, startService, until, useProxy, useServer } from './running-service.ts'

type Target = { readonly key: string } | { readonly prefix: string }
type Write = (client: Etcd3) => Promise<void>

const put =
  (key: string, value: string): Write =>
  async (client) => {
    await client.put(key).value(value)
  }

const times = (count: number, write: Write): Write[] => Array.from({ length: count }, () => write)

const document = (n: number | string): Write => put('/app/config', JSON.stringify({ n }))
const other = put('/other', 'x')

/** A service that is cut off while its cluster is wiped and written again. */
const startWithProxy = async (test: TestContext, target: Target, writes: readonly Write[]) => {
  const server = await useServer(test)
  const proxy = await useProxy(test, server.port)
  const writeAll = (all: readonly Write[]): Promise<void> =>
    server.admin(async (client) => {
      for (const write of all) await write(client)
    })
  await writeAll(writes)
  const service = startService(test, { hosts: proxy.host, ...target })
  const replace = async (all: readonly Write[]): Promise<void> => {
    await disconnect(proxy)
    await server.wipe()
    await writeAll(all)
    await proxy.heal()
  }
  return { service, writeAll, replace }
}

/** Serves 1, replaces the store, and expects 2. */
const expectToServeTheNew = async (
  test: TestContext,
  before: readonly Write[],
  after: readonly Write[],
  target: Target = { key: '/app/config' },
): Promise<void> => {
  const { service, writeAll, replace } = await startWithProxy(test, target, before)
  await service.serves(1)
  const lineage = service.reloader.status().source.revision?.lineage
  await replace(after)
  await service.serves(2)
  await until(() => expect(service.reloader.status()).toMatchObject({ inSync: true, source: { state: 'watching' } }))
  expect(service.reloader.status().source.revision?.lineage).not.toBe(lineage)
  await writeAll([document(3), put('/tree/n', '3')])
  await service.serves(3)
}

describe('A cluster that was wiped and started with the same flags', () => {
  it('is found out if its first write has the revision of the first write before', (test) =>
    expectToServeTheNew(test, [document(1)], [document(2)]))

  it('is found out if its document has the same revision and the store a later one, as after the restore of a snapshot', (test) =>
    expectToServeTheNew(test, [document(1)], [document(2), ...times(5, other)]))

  it('is found out if its store has the same revision and the document another one', (test) =>
    expectToServeTheNew(test, [...times(3, other), document(1)], [document(2), ...times(3, other)]))

  it('is found out if a prefix has the same newest revision and the same number of keys', (test) =>
    expectToServeTheNew(test, [other, put('/tree/n', '1')], [other, put('/tree/n', '2')], { prefix: '/tree/' }))

  it('is found out if keys of a prefix have changed that are not its newest', (test) =>
    expectToServeTheNew(
      test,
      [put('/tree/n', '1'), put('/tree/z', 'z')],
      [put('/tree/n', '2'), put('/tree/z', 'z'), ...times(3, other)],
      { prefix: '/tree/' },
    ))

  it('is found out again and again', async (test) => {
    const { service, replace } = await startWithProxy(test, { key: '/app/config' }, [document(1)])
    await service.serves(1)
    for (let n = 2; n <= 5; n++) {
      await replace([document(n)])
      await service.serves(n)
    }
  })

  it('is not said to be in sync if it holds a document that is rejected at the revision that serves', async (test) => {
    const { service, writeAll, replace } = await startWithProxy(test, { key: '/app/config' }, [document(1)])
    await service.serves(1)
    await replace([document('none')])
    await until(() => expect(service.reloader.status()).toMatchObject({ inSync: false, state: 'rejected' }))
    expect(service.serving()).toBe(1)
    await writeAll([document(2)])
    await service.serves(2)
  })
})
