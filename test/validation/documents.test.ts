import { describe, expect, it } from 'vitest'
import { bytes, expectRejected, good, SECRET, startService } from './service.ts'

const text = JSON.stringify(good)

describe('A document', () => {
  it.each([
    ['text', `\uFEFF${text}`],
    ['bytes', bytes([0xef, 0xbb, 0xbf], text)],
  ])('of %s may start with a byte order mark, as some editors write it', async (_, document) => {
    const service = await startService({ document })
    expect(service.reloader.config).toEqual(good)
    await service.reloader.close()
  })

  it('may hold an escaped lone surrogate, which is JSON; two different ones are two configs', async () => {
    const document = (escaped: string): string => `{"log":{"level":"info"},"db":{"max":1,"password":"${escaped}"}}`
    const service = await startService({ document: document('\\ud800') })
    const first = service.reloader.status().serving?.digest
    service.source.put(document('\\ud801'))
    await service.clock.advance(0)
    expect(service.reloader.config.db.password).toBe('\uD801')
    expect(service.reloader.status().serving?.digest).not.toBe(first)
    await service.reloader.close()
  })

  it('of the largest size is accepted, and one byte more is not, whatever the number of characters', async () => {
    const limit = 200
    const ofBytes = (size: number): string => {
      const bare = JSON.stringify({ ...good, db: { max: 1, password: '€' } })
      return `${bare}${' '.repeat(size - Buffer.byteLength(bare))}`
    }
    const service = await startService({ document: ofBytes(limit), maxDocumentBytes: limit })
    await expectRejected(service, ofBytes(limit + 1), { code: 'document.too-large' })
    await expectRejected(service, bytes(ofBytes(limit + 1)), { code: 'document.too-large' })
    await service.reloader.close()
  })

  it('has at most twenty of its issues listed, the first one first', async () => {
    const service = await startService()
    const list = Array.from({ length: 100 }, () => ({ n: SECRET }))
    await expectRejected(service, { ...good, list }, { code: 'schema.invalid', path: 'list.0.n', kind: 'string' })
    expect(service.reloader.status().last).toMatchObject({ failures: { length: 20 } })
    await service.reloader.close()
  })

  it('serves again when it returns after a deletion', async () => {
    const service = await startService()
    await expectRejected(service, undefined, { code: 'document.missing' })
    service.source.put(good)
    await service.clock.advance(0)
    expect(service.reloader.status()).toMatchObject({
      state: 'committed',
      inSync: true,
      last: { outcome: 'unchanged' },
    })
    await service.reloader.close()
  })
})
