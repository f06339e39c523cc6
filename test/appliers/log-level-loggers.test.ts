import { Writable } from 'node:stream'
import { isChangeoverError } from 'changeover'
import { logLevel } from 'changeover/appliers'
import fastify from 'fastify'
import { pino as pino10 } from 'pino'
import { pino as pino9 } from 'pino9'
import { describe, expect, it } from 'vitest'
import { moduleHost } from './module-host.ts'

/** A stream that notes the message of each line. */
const noted = (): { readonly stream: Writable; readonly lines: string[] } => {
  const lines: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      lines.push(JSON.parse(chunk.toString()).msg)
      done()
    },
  })
  return { stream, lines }
}

describe('logLevel', () => {
  it("follows Fastify's logger, whose type hides what pino has", async () => {
    const { stream, lines } = noted()
    const app = fastify({ logger: { level: 'warn', stream } })
    const host = moduleHost(logLevel(app.log))
    await host.replace({ level: 'debug' })
    app.log.debug('seen')
    app.log.child({ part: 'db' }).debug('seen of a child')
    expect(lines).toEqual(['seen', 'seen of a child'])
    await expect(host.prepare({ level: 'loud' })).rejects.toThrow(RangeError)
    await host.close(host.commit(undefined))
    expect(app.log.level).toBe('warn')
    await app.close()
  })

  it('accepts the logger of a Fastify that logs nothing, and the same levels', async () => {
    const app = fastify()
    const host = moduleHost(logLevel(app.log))
    await host.replace({ level: 'debug' })
    await host.replace({ level: 'silent' })
    await expect(host.prepare({ level: 'loud' })).rejects.toThrow(RangeError)
    await host.close(host.commit(undefined))
    expect(app.log.level).toBeUndefined()
    await app.close()
  })

  it.each([
    ['10', pino10],
    ['9', pino9 as unknown as typeof pino10],
  ])('sets the level of a child of a logger of pino %s alone', async (_, pino) => {
    const { stream, lines } = noted()
    const logger = pino({ level: 'info' }, stream)
    const child = logger.child({ part: 'db' })
    const host = moduleHost(logLevel(child))
    await host.replace('debug')
    child.debug('seen')
    logger.debug('not seen')
    await host.replace('error')
    child.info('not seen')
    logger.info('seen of the parent')
    await host.close(host.commit(undefined))
    child.info('seen again')
    expect(lines).toEqual(['seen', 'seen of the parent', 'seen again'])
  })

  it('needs no more than a level', async () => {
    const logger = { level: 'info' }
    const host = moduleHost(logLevel(logger))
    await host.replace('trace')
    expect(logger).toEqual({ level: 'trace', onChild: expect.any(Function) })
    await host.close(host.commit(undefined))
    expect(logger).toEqual({ level: 'info' })
  })

  it.each([undefined, null, 'info', 30])('refuses %j in place of a logger', (wrong) => {
    const make = () => logLevel(wrong as unknown as { level: string })
    expect(make).toThrow('logLevel needs a logger, such as pino() or app.log')
    expect(make).toThrow(expect.toSatisfy(isChangeoverError))
  })
})
