import { createReloader, type GoodStore, SourceError } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, it } from 'vitest'
import { z } from 'zod'

it('A start from the last known good is logged at warn, with its age', async () => {
  const entries = new Map<string, string>()
  const store: GoodStore = {
    load: async (name) => entries.get(name),
    save: async (name, text) => void entries.set(name, text),
  }
  const clock = createVirtualClock()
  const lines: { level: string; data: object; message: string }[] = []
  const log = (level: string) => (data: object, message: string) => void lines.push({ level, data, message })
  const logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  const schema = z.object({ max: z.number() })
  const first = createReloader({ source: memorySource({ max: 1 }), schema, clock, lastKnownGood: store, soak: 100 })
  const started = first.start()
  await clock.advance(1_000)
  await started
  await first.close()
  await clock.advance(3 * 3_600_000)
  const source = { ...memorySource(), read: () => Promise.reject(new SourceError('source.unreachable')) }
  const second = createReloader({ source, schema, clock, lastKnownGood: store, soak: 100, logger })
  const restarted = second.start()
  await clock.advance(1_000)
  await restarted
  const restored = lines.find(({ message }) => message.startsWith('The service starts from the last known good'))
  expect(restored).toMatchObject({
    level: 'warn',
    data: { code: 'persistence.restored', revision: expect.any(String) },
  })
  expect(restored?.message).toContain('passed its soak 3 h ago')
  await second.close()
})
