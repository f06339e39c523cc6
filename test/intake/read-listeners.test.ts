import { createReloader } from 'changeover'
import { createVirtualClock } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

test('what a source throws when its read is given up is reported, and the next read serves', async () => {
  const clock = createVirtualClock()
  const lines: unknown[] = []
  const noop = (): void => {}
  let reads = 0
  const reloader = createReloader({
    source: {
      name: 'scripted',
      endpoint: 'nowhere',
      read: async (signal) => {
        reads += 1
        if (reads > 1) {
          return { kind: 'document', revision: { lineage: 'a', order: 1, name: '1' }, content: '{"n":1}' }
        }
        signal.addEventListener('abort', () => {
          throw new Error('of the listener')
        })
        return new Promise(() => {})
      },
      watch: async function* (_, signal) {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      },
    },
    schema: z.strictObject({ n: z.number() }),
    clock,
    deadlines: { readMs: 100 },
    logger: { debug: noop, info: noop, warn: (data) => void lines.push(data), error: (data) => void lines.push(data) },
  })
  await Promise.all([reloader.start(), clock.advance(5_000)])
  expect(reloader.config).toEqual({ n: 1 })
  expect(lines).toContainEqual(expect.objectContaining({ code: 'listener.failed', phase: 'fetching' }))
  await reloader.close()
})
