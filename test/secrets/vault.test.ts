import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createReloader, type SecretProvider } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { importBlock } from '../docs/guide-blocks.ts'
import { failureOf } from './service.ts'

const SOON = { timeout: 20_000, interval: 10 }
const TOKEN = 'a-token'

/** A server that answers as the key-value engine of Vault does. */
const startVault = async () => {
  const secrets = new Map<string, { value: string; version: number }>([['db/password', { value: 'first', version: 1 }]])
  const state = { isSealed: false }
  const answer = ({ url = '', headers }: IncomingMessage, response: ServerResponse): void => {
    const reply = (status: number, body: object = { errors: [] }): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (state.isSealed) return reply(503)
    if (headers['x-vault-token'] !== TOKEN) return reply(403)
    const secret = secrets.get(decodeURI(url.replace('/v1/secret/data/', '')))
    if (secret === undefined) return reply(404)
    reply(200, { data: { data: { value: secret.value }, metadata: { version: secret.version } } })
  }
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { secrets, state, address: `http://127.0.0.1:${port}` }
}

it('The provider of the guide reads from a server of Vault, follows its versions, and says how a read fails', async () => {
  const { secrets, state, address } = await startVault()
  const { vault } = await importBlock<{ vault: (address: string, token: () => string) => SecretProvider }>(
    'docs/guide/secrets.md',
    'vault.ts',
  )
  let token = TOKEN
  const provider = { ...vault(address, () => token), refreshMs: 1_000 }
  const source = memorySource({ password: { $secret: 'vault:db/password' }, n: 1 } as never)
  const schema = z.strictObject({ password: z.string(), n: z.number() })
  const quarantine = { minMs: 50, maxMs: 100 }
  const reloader = createReloader({ source, schema, quarantine, secrets: { vault: provider } })
  const codes: (string | undefined)[] = []
  void (async () => {
    for await (const record of reloader.transactions()) {
      const failure = failureOf(record)
      codes.push(failure === undefined ? record.trigger : `${failure.code} ${failure.cause?.code}`)
    }
  })()
  onTestFinished(() => reloader.close())
  await reloader.start()
  expect(reloader.config.password).toBe('first')
  secrets.set('db/password', { value: 'second', version: 2 })
  await expect.poll(() => reloader.config.password, SOON).toBe('second')
  expect(codes).toEqual(['start', 'secret'])
  const failed = async (name: string, code: string): Promise<void> => {
    source.put({ password: { $secret: `vault:${name}` }, n: codes.length } as never)
    await expect.poll(() => codes.at(-1), SOON).toBe(code)
    expect(reloader.config.password).toBe('second')
  }
  await failed('db/nothing', 'secret.missing HTTP_404')
  token = 'another'
  await failed('db/denied', 'secret.denied HTTP_403')
  token = TOKEN
  state.isSealed = true
  await failed('db/sealed', 'secret.unreachable HTTP_503')
  state.isSealed = false
  secrets.set('db/sealed', { value: 'third', version: 1 })
  await expect.poll(() => reloader.config.password, SOON).toBe('third')
}, 60_000)
