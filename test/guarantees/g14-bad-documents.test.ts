import type { MemoryContent } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { configOf, createHarness, PACED_MS, startHarness } from './harness.ts'

const one = configOf({ a: 1, k: 1 })
const maxDocumentBytes = 500

const bad: readonly { readonly what: string; readonly content: MemoryContent | undefined; readonly code: string }[] = [
  { what: 'missing', content: undefined, code: 'document.missing' },
  { what: 'empty', content: '', code: 'document.empty' },
  { what: 'blank', content: '\n\t ', code: 'document.empty' },
  { what: 'oversized', content: `"${'x'.repeat(maxDocumentBytes)}"`, code: 'document.too-large' },
  { what: 'half-written', content: JSON.stringify(one).slice(0, -2), code: 'document.malformed' },
  { what: 'not UTF-8', content: new Uint8Array([0x7b, 0xff, 0x7d]), code: 'document.encoding' },
  {
    what: 'of a number that would be rounded',
    content: '{"a":{"value":9007199254740993}}',
    code: 'document.number-precision',
  },
  { what: 'of another type', content: { b: 7 }, code: 'schema.invalid' },
]

describe('G14 A document that is not a config', () => {
  it.each(bad)(
    'G14 leaves the last good config in place and is reported with its reason: $what',
    async ({ content, code }) => {
      const harness = await startHarness({ config: one, options: { maxDocumentBytes } })
      const { reloader } = harness
      const { config } = reloader
      const instance = reloader.modules.a.current
      if (content === undefined) harness.source.delete()
      else harness.source.put(content)
      const record = await harness.next()
      expect(record).toMatchObject({ outcome: 'rejected', failures: [{ code, phase: 'validating', revision: '2' }] })
      expect(record).toMatchObject({ revision: harness.source.revision, modules: [] })
      expect([reloader.config === config, reloader.modules.a.current === instance, harness.calls]).toEqual([
        true,
        true,
        [],
      ])
      expect(reloader.status()).toMatchObject({ state: 'rejected', inSync: false, serving: { revision: { order: 1 } } })
      expect(reloader.status().lastKnownGood).toEqual(reloader.status().serving)
    },
  )

  it.each(bad)('G14 makes start reject at once, with nothing left: $what', async ({ content, code }) => {
    const harness = createHarness({ options: { maxDocumentBytes } })
    if (content !== undefined) harness.source.put(content)
    await expect(harness.reloader.start({ deadlineMs: 3_600_000 })).rejects.toMatchObject({ code, phase: 'validating' })
    expect([harness.calls, harness.reloader.status().state, harness.source.watches, harness.clock.pending()]).toEqual([
      [],
      'closed',
      0,
      0,
    ])
  })

  it('G14 may come many times in a row: the last good config stays, and the next good one is applied', async () => {
    const harness = await startHarness({ config: one, options: { maxDocumentBytes } })
    for (let round = 0; round < 5; round++) {
      for (const { content, code } of bad) {
        if (content === undefined) harness.source.delete()
        else harness.source.put(content)
        expect(await harness.next(PACED_MS)).toMatchObject({ outcome: 'rejected', failures: [{ code }] })
      }
    }
    expect([harness.served, harness.calls]).toEqual([{ a: 1 }, []])
    expect(await harness.put(configOf({ a: 2, k: 2 }), PACED_MS)).toMatchObject({ outcome: 'committed' })
  })

  it('G14 may be followed by the good document again, which is unchanged, and the state shows that all is well', async () => {
    const harness = await startHarness({ config: one })
    await harness.put('{')
    expect(harness.reloader.status().state).toBe('rejected')
    expect(await harness.put(one)).toMatchObject({ outcome: 'unchanged' })
    expect(harness.reloader.status()).toMatchObject({ state: 'committed', inSync: true })
  })

  it('G14 ends neither a degraded state nor the repair of what is degraded', async () => {
    const harness = await startHarness({ config: one })
    harness.modules.k.script('apply', 'throw')
    harness.modules.k.script('undo', 'throw')
    expect(await harness.put(configOf({ a: 2, k: 2 }))).toMatchObject({ outcome: 'degraded', degraded: ['k'] })
    expect(await harness.put('{')).toMatchObject({ outcome: 'rejected' })
    expect(harness.reloader.status()).toMatchObject({ state: 'degraded', degraded: ['k'] })
    await harness.advance(120_000)
    expect(harness.reloader.status()).toMatchObject({ state: 'committed', degraded: [] })
    expect([harness.served.a, harness.effects.k]).toEqual([1, 1])
  })
})
