import { Resolver } from 'node:dns/promises'
import { createReloader, type TransactionRecord } from 'changeover'
import { resource } from 'changeover/appliers'
import { memorySource } from 'changeover/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { startDns } from '../support/dns-server.ts'
import { connectRedis, type RedisClient } from '../support/redis-client.ts'
import { RedisServer } from '../support/redis.ts'

const SOON = { timeout: 60_000, interval: 10 }
const PATIENCE_MS = 120_000

const Config = z.strictObject({ host: z.string(), prefix: z.string() })
type Slice = z.infer<typeof Config>

/** Serves a redis client that a document chooses, with a short back-off. Nothing calls it: it must converge by itself. */
const serve = async (lookUp: (host: string) => Promise<unknown> = async () => {}) => {
  const source = memorySource({ host: 'localhost', prefix: 'a' })
  let opening = (): void => {}
  const client = resource<Slice, RedisClient & { readonly prefix: string }>({
    open: async ({ host, prefix }) => {
      await lookUp(host)
      const redis = await connectRedis({ port: server.port })
      opening()
      return { ...redis, prefix }
    },
    check: (redis) => redis.send('PING'),
    close: (redis) => redis.close(),
  })
  const reloader = createReloader({
    source,
    schema: Config,
    quarantine: { minMs: 20, maxMs: 100 },
    deadlines: { prepareMs: 20_000 },
  }).use('redis', (config) => config, client)
  onTestFinished(() => reloader.close())
  const records: TransactionRecord[] = []
  void (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  await reloader.start()
  return {
    reloader,
    source,
    /** Resolves when a prepare has connected and is about to send its first command. */
    connecting: () => new Promise<void>((resolve) => (opening = resolve)),
    failed: (cause: object) => {
      const failure = { code: 'module.prepare-failed', module: 'redis', cause: expect.objectContaining(cause) }
      const failed = expect.objectContaining({ outcome: 'rolled-back', failures: [expect.objectContaining(failure)] })
      return expect.poll(() => records, SOON).toContainEqual(failed)
    },
    converges: async (prefix: string) => {
      await expect.poll(() => reloader.modules.redis.current.prefix, SOON).toBe(prefix)
      expect(await reloader.modules.redis.current.send('PING')).toBe('PONG')
      await expect.poll(() => reloader.status().inSync, SOON).toBe(true)
      expect(reloader.status().quarantine).toEqual([])
    },
  }
}

let server: RedisServer
beforeAll(async () => {
  server = await RedisServer.start()
}, PATIENCE_MS)
afterAll(() => server?.stop())

describe('A document that is published while redis restarts', () => {
  it('is applied as soon as redis accepts connections again, without a call', { timeout: PATIENCE_MS }, async () => {
    const { source, failed, converges } = await serve()
    await server.kill()
    source.put({ host: 'localhost', prefix: 'b' })
    await failed({ name: 'Error', code: 'ECONNREFUSED' })
    await server.start()
    await converges('b')
  })

  it('is applied although the connection closed without a code while it was checked', {
    timeout: PATIENCE_MS,
  }, async () => {
    const { source, connecting, failed, converges } = await serve()
    server.pause()
    const connected = connecting()
    source.put({ host: 'localhost', prefix: 'c' })
    await connected
    await server.kill()
    await failed({ name: 'Error' })
    await server.start()
    await converges('c')
  })

  it('gives way to a newer document that comes before redis is back', { timeout: PATIENCE_MS }, async () => {
    const { source, failed, converges } = await serve()
    await server.kill()
    source.put({ host: 'localhost', prefix: 'd' })
    await failed({ code: 'ECONNREFUSED' })
    source.put({ host: 'localhost', prefix: 'e' })
    await server.start()
    await converges('e')
  })
})

it('A document with a name that appears later is applied without a call', { timeout: PATIENCE_MS }, async () => {
  const dns = await startDns()
  onTestFinished(() => dns.close())
  dns.addName('localhost', '127.0.0.1')
  const resolver = new Resolver({ timeout: 1_000, tries: 1 })
  resolver.setServers([dns.address])
  const { source, failed, converges } = await serve((host) => resolver.resolve4(host))
  source.put({ host: 'later.test', prefix: 'f' })
  await failed({ name: 'Error', code: 'ENOTFOUND' })
  dns.addName('later.test', '127.0.0.1')
  await converges('f')
})
