import { createServer, type RequestListener } from 'node:http'
import { get as getSecurely } from 'node:https'

import { type Applier, createReloader, type defineApplier } from 'changeover'
import { memorySource } from 'changeover/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { importBlock } from '../docs/guide-blocks.ts'
import { type Certificate, createCertificates } from '../support/etcd-certificates.ts'
import { freePorts } from '../support/etcd-process.ts'

const PAGE = 'docs/guide/appliers.md'

interface ServerSlice {
  readonly port: number
  readonly keepAliveMs: number
  readonly key: string
  readonly cert: string
}

const Config = z.strictObject({
  server: z.strictObject({ port: z.number(), keepAliveMs: z.number(), key: z.string(), cert: z.string() }).optional(),
  isBad: z.boolean().optional(),
})
type Config = z.infer<typeof Config>

describe("The guide's server on a fixed port", () => {
  let authority: Awaited<ReturnType<Awaited<ReturnType<typeof createCertificates>>['createAuthority']>>
  let remove: () => Promise<void>
  let certificates: readonly Certificate[]
  beforeAll(async () => {
    const made = await createCertificates()
    remove = made.remove
    authority = await made.createAuthority('guide')
    certificates = [await authority.issue('one'), await authority.issue('two')]
  })
  afterAll(() => remove?.())

  const sliceOf = (port: number, certificate = 0, keepAliveMs = 5_000): ServerSlice => ({
    port,
    keepAliveMs,
    key: String(certificates[certificate]?.privateKey),
    cert: String(certificates[certificate]?.certChain),
  })

  /** Resolves with what the server answers and the number of its certificate. */
  const ask = (
    port: number,
  ): Promise<{ readonly text: string; readonly certificate: string; readonly keepAlive: unknown }> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, ca: authority.rootCertificate, agent: false as const }
      getSecurely({ ...options, headers: { connection: 'keep-alive' } }, (response) => {
        const { serialNumber } = (
          response.socket as unknown as { getPeerCertificate: () => { serialNumber: string } }
        ).getPeerCertificate()
        const keepAlive = response.headers['keep-alive']
        response.setEncoding('utf8')
        response.on('data', (text: string) => resolve({ text, certificate: serialNumber, keepAlive }))
        const { socket } = response
        response.on('end', () => socket.destroy())
      }).on('error', reject)
    })

  const serve = async (first: Config) => {
    const { httpsServer } = await importBlock<{
      httpsServer: (handler: RequestListener) => ReturnType<typeof defineApplier<ServerSlice>>
    }>(PAGE, 'server.ts')
    const source = memorySource(first)
    const checkHealth = async (config: Config): Promise<void> => {
      if (config.isBad === true) throw new Error('scripted')
    }
    const reloader = createReloader<Config>({
      source,
      schema: Config,
      soak: { durationMs: 10, intervalMs: 5, checks: [checkHealth] },
      repair: { minMs: 10, maxMs: 50 },
    }).use(
      'server',
      (config) => config.server,
      httpsServer((_, response) => response.end('hello')),
    )
    onTestFinished(() => reloader.close())
    await reloader.start()
    return {
      reloader,
      put: async (next: Config) => {
        source.put(next)
        return (await reloader.reload()).outcome
      },
    }
  }

  it('takes another certificate and other options without giving up the port', async () => {
    const [port = 0] = await freePorts(1)
    const { put } = await serve({ server: sliceOf(port) })
    const first = await ask(port)
    expect(first).toMatchObject({ text: 'hello', keepAlive: 'timeout=5' })
    expect(await put({ server: sliceOf(port, 1, 9_000) })).toBe('committed')
    const second = await ask(port)
    expect(second).toMatchObject({ text: 'hello', keepAlive: 'timeout=9' })
    expect(second.certificate).not.toBe(first.certificate)
  })

  it('is undone if the soak fails, with the port and the certificate that served', async () => {
    const [port = 0, other = 0] = await freePorts(2)
    const { put } = await serve({ server: sliceOf(port) })
    const { certificate } = await ask(port)
    expect(await put({ server: sliceOf(port, 1), isBad: true })).toBe('rolled-back')
    expect((await ask(port)).certificate).toBe(certificate)
    expect(await put({ server: sliceOf(other, 1), isBad: true })).toBe('rolled-back')
    expect((await ask(port)).certificate).toBe(certificate)
    await expect(ask(other)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('serves on if the new port is in use or the key is wrong', async () => {
    const [port = 0, taken = 0] = await freePorts(2)
    const occupant = createServer().listen(taken, '127.0.0.1')
    onTestFinished(() => void occupant.close())
    const { put } = await serve({ server: sliceOf(port) })
    expect(await put({ server: sliceOf(taken) })).toBe('rolled-back')
    expect(await ask(port)).toMatchObject({ text: 'hello' })
    expect(await put({ server: { ...sliceOf(port), key: 'not a key' } })).toBe('rolled-back')
    expect(await ask(port)).toMatchObject({ text: 'hello' })
  })

  it('moves to another port, and leaves none when it is switched off', async () => {
    const [port = 0, other = 0] = await freePorts(2)
    const { put } = await serve({ server: sliceOf(port) })
    expect(await put({ server: sliceOf(other) })).toBe('committed')
    expect(await ask(other)).toMatchObject({ text: 'hello' })
    await expect(ask(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await put({})).toBe('committed')
    await expect.poll(() => ask(other).catch(({ code }) => code), { timeout: 20_000 }).toBe('ECONNREFUSED')
  })
})

it("The guide's time zone leaves nothing when it is switched off, and when the reloader closes", async () => {
  const { timeZone } = await importBlock<{ timeZone: () => Applier<{ readonly zone: string }> }>(PAGE, 'time-zone.ts')
  const found = process.env.TZ
  const source = memorySource({ zone: 'Asia/Tokyo' })
  const Zone = z.strictObject({ zone: z.string().optional() })
  const reloader = createReloader({ source, schema: Zone }).use(
    'zone',
    ({ zone }) => (zone === undefined ? undefined : { zone }),
    timeZone(),
  )
  await reloader.start()
  const put = async (next: object): Promise<string | undefined> => {
    source.put(next)
    await reloader.reload()
    return process.env.TZ
  }
  expect(process.env.TZ).toBe('Asia/Tokyo')
  expect(await put({ zone: 'Europe/Rome' })).toBe('Europe/Rome')
  expect(await put({})).toBe(found)
  expect(await put({ zone: 'Asia/Tokyo' })).toBe('Asia/Tokyo')
  await reloader.close()
  expect(process.env.TZ).toBe(found)
})
