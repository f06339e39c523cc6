import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { newDocument, startMember } from './fleet-of.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 25_000, interval: 30 })

describe.concurrent('The entry of an instance', () => {
  it('says what serves and what was tried, as two facts', async (test) => {
    const { key, put, instances } = newDocument(server)
    const good = await put({ n: 1 })
    await startMember(test, server, key, 'a', { build: '1.4', fleet: { labels: { zone: 'x' } } })
    await until(async () => expect((await instances())[0]?.serving?.revision).toBe(good))
    const bad = await put({ n: 2, fails: ['a'] })
    await until(async () => {
      const [entry] = await instances()
      expect(entry).toMatchObject({
        service: 'a',
        build: '1.4',
        labels: { zone: 'x' },
        state: 'rolled-back',
        serving: { revision: good, document: good },
        tried: { revision: bad, outcome: 'rolled-back', code: 'module.prepare-failed', module: 'picky' },
      })
    })
  })
})
