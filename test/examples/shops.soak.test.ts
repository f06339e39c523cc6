import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { publish } from 'changeover/etcd'
import { startEtcd } from '../support/etcd-server.ts'
import { startPostgres } from '../support/postgres.ts'
import { RedisServer } from '../support/redis.ts'
import { connectRedis } from '../support/redis-client.ts'
import { secret, secretsIn } from '../support/secrets.ts'
import { limits, PATIENT_MS, startExample, temporaryFolder, writeConfig } from './service-process.ts'

const S = secret('planted')
const ADMIN_KEY = 'a key of this test'
const CLIENTS = 8
const RELOADS = 6

/** What a shop is asked and told. All that it answers says of which config it is. */
interface Shop {
  readonly program: string
  readonly env: NodeJS.ProcessEnv
  /** Publishes the n-th good config, which shows n products. */
  readonly put: (n: number) => Promise<void>
  /** Publishes a config that must be refused, with a planted secret. */
  readonly spoil: Readonly<Record<string, () => Promise<void>>>
  /** What the log says of each of them: place, rule and next step. */
  readonly said: Readonly<Record<string, readonly string[]>>
  /** Throws unless the answer is of the n-th config as a whole. */
  readonly expectWhole: (answer: Answer) => void
}

interface Answer {
  readonly limit: number
  readonly products: readonly unknown[]
}

const fastify = async (): Promise<Shop> => {
  const etcd = await startEtcd()
  onTestFinished(() => etcd.stop())
  const target = { hosts: etcd.endpoint, key: '/shop/config' }
  const put = async (config: unknown) => void (await publish(target, JSON.stringify(config)))
  const configOf = (n: number) => ({
    log: { level: 'info' },
    page: { limit: n },
    prices: { locale: 'en-US', currency: n % 2 === 0 ? 'USD' : 'EUR' },
    payments: { key: S.padEnd(20, 'x') },
  })
  return {
    program: 'fastify/main.ts',
    env: { ETCD_HOSTS: etcd.endpoint },
    put: (n) => put(configOf(n)),
    spoil: {
      'a value out of range': () => put({ ...configOf(2), page: { limit: 101 }, payments: { key: S } }),
      'an unknown key': () => put({ ...configOf(2), paymnts: { key: S } }),
      'a config that a module refuses': () => put({ ...configOf(2), prices: { locale: 'en-US', currency: 'E1!' } }),
    },
    said: {
      'a value out of range': ['at page.limit', 'expected an integer from 1 to 100', 'Correct the value at the path'],
      'an unknown key': ['unknown key \\"paymnts\\", did you mean \\"payments\\"?'],
      'a config that a module refuses': ['module \\"prices\\"', 'cause RangeError'],
    },
    expectWhole: ({ limit, products }) => {
      expect(products.map((product) => (product as { price: string }).price[0])).toEqual(
        products.map(() => (limit % 2 === 0 ? '$' : '€')),
      )
    },
  }
}

const express = async (): Promise<Shop> => {
  const redis = await RedisServer.start()
  onTestFinished(() => redis.stop())
  const client = await connectRedis({ port: redis.port })
  for (let n = 0; n < 16; n += 1) {
    await client.send('SELECT', String(n))
    await client.send('RPUSH', 'products', ...Array.from({ length: 20 }, () => `of ${n}`))
  }
  client.close()
  const file = join(await temporaryFolder(), 'config.yaml')
  const yaml = (limit: number | string, port: number | string, more = '') =>
    writeConfig(
      file,
      `page:\n  limit: ${limit}\nredis: # ${S}\n  host: 127.0.0.1\n  port: ${port}\n  db: ${limit}\n${more}`,
    )
  return {
    program: 'express/main.cjs',
    env: { CONFIG_FILE: file },
    put: (n) => yaml(n, redis.port),
    spoil: {
      'a value out of range': () => yaml(101, redis.port, `  password: ${S}`),
      'an unknown key': () => yaml(2, redis.port, `  pasword: ${S}`),
      'an error of syntax': () => yaml(2, redis.port, `  password: "${S}\n`),
      'a config that a module refuses': () => yaml(2, 1, `  password: ${S}`),
    },
    said: {
      'a value out of range': ['at page.limit', 'expected an integer from 1 to 100', 'Correct the value at the path'],
      'an unknown key': ['unknown key \\"pasword\\", did you mean \\"password\\"?', 'at redis'],
      'an error of syntax': ['line 8, column 1', 'Correct the syntax at the position'],
      'a config that a module refuses': ['module \\"redis\\"', 'ECONNREFUSED'],
    },
    expectWhole: ({ limit, products }) => expect(products).toEqual(Array.from({ length: limit }, () => `of ${limit}`)),
  }
}

const nest = async (): Promise<Shop> => {
  const { host, port, user, password, database, stop } = await startPostgres()
  onTestFinished(stop)
  const file = join(await temporaryFolder(), 'config.json')
  const configOf = (n: number) => ({
    page: { limit: n },
    prices: { locale: 'en-US', currency: n % 2 === 0 ? 'USD' : 'EUR' },
    db: { host, port, user, password, database, max: n },
  })
  const put = (config: object) => writeConfig(file, config)
  const withDb = (more: object) => ({ ...configOf(2), db: { ...configOf(2).db, ...more } })
  return {
    program: 'nest/main.ts',
    env: { CONFIG_FILE: file, TSX_TSCONFIG_PATH: 'examples/nest/tsconfig.json' },
    put: (n) => put(configOf(n)),
    spoil: {
      'a value out of range': () => put(withDb({ max: 51, password: S })),
      'an unknown key': () => put(withDb({ usr: S })),
      'a config that a module refuses': () => put(withDb({ password: S })),
    },
    said: {
      'a value out of range': ['at db.max', 'expected an integer from 1 to 50', 'Correct the value at the path'],
      'an unknown key': ['unknown key \\"usr\\", did you mean \\"user\\"?', 'at db'],
      'a config that a module refuses': ['module \\"db\\"', '28P01 invalid_password'],
    },
    expectWhole: ({ limit, products }) => {
      expect(products.map((product) => (product as { price: string }).price[0])).toEqual(
        products.map(() => (limit % 2 === 0 ? '$' : '€')),
      )
    },
  }
}

describe.each(Object.entries({ fastify, express, nest }))('The shop with %s and its real parts', (_, open) => {
  it(
    'loses no request in reloads, says what is wrong with a config, and shows no secret',
    async () => {
      const shop = await open()
      await shop.put(2)
      const example = startExample(join('..', shop.program), { ...shop.env, ADMIN_KEY, NODE_ENV: 'test' })
      const url = await vi.waitFor(() => {
        const found = /Serving on (http:\S+)\. /.exec(example.stdout())?.[1]
        if (found === undefined) throw new Error(`It does not serve.\n${example.stdout()}\n${example.stderr()}`)
        return found
      }, limits)

      // Browsers that ask all the time, and an operator who watches the page.
      let isOver = false
      let count = 0
      const limitsSeen = new Set<number>()
      const browse = async (): Promise<void> => {
        while (!isOver) {
          const response = await fetch(`${url}/products`)
          expect(response.status).toBe(200)
          const answer = (await response.json()) as Answer
          shop.expectWhole(answer)
          limitsSeen.add(answer.limit)
          count += 1
        }
      }
      const browsers = Promise.all(Array.from({ length: CLIENTS }, browse))
      browsers.catch(() => {}) // awaited below
      const headers = { authorization: `Bearer ${ADMIN_KEY}` }
      expect((await fetch(`${url}/inspector/`)).status).toBe(401)
      const page = await (await fetch(`${url}/inspector/`, { headers })).text()
      expect(page).toContain('<div id="page">')
      const stream = await fetch(`${url}/inspector/events`, { headers })
      let events = ''
      const reading = stream.body?.pipeThrough(new TextDecoderStream()).pipeTo(
        new WritableStream({
          write: (text) => {
            events += text
          },
        }),
      )
      reading?.catch(() => {}) // it ends with the service

      for (let n = 3; n < 3 + RELOADS; n += 1) {
        await shop.put(n)
        await vi.waitFor(() => expect([...limitsSeen]).toContain(n), limits)
      }
      for (const [what, spoil] of Object.entries(shop.spoil)) {
        const before = example.stdout().length
        await spoil()
        await vi.waitFor(() => {
          const text = example.stdout().slice(before)
          for (const part of shop.said[what] ?? []) expect(text, what).toContain(part)
        }, limits)
      }
      await vi.waitFor(() => expect(events).toContain('schema.invalid'), limits)
      const ready = await fetch(`${url}/ready`)
      expect(ready.status).toBe(200)
      isOver = true
      await browsers
      expect(count).toBeGreaterThan(RELOADS * CLIENTS)
      expect(Math.max(...limitsSeen)).toBe(2 + RELOADS)
      expect(secretsIn([example.stdout(), example.stderr(), page, events, await ready.text()].join('\n'))).toEqual([])

      example.child.kill('SIGTERM')
      await example.exited
      expect(example.stderr()).toBe('')
    },
    PATIENT_MS,
  )
})
