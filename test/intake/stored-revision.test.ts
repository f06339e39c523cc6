import { createReloader, type GoodStore } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, it } from 'vitest'
import { z } from 'zod'

const Config = z.strictObject({ n: z.number() })

/** Starts a process whose source has never changed its document: the revision is the same in each. */
const boot = async (document: object, lastKnownGood: GoodStore) => {
  const clock = createVirtualClock()
  const source = memorySource(document)
  const lines: string[] = []
  const log = (data: object): void => void lines.push(JSON.stringify(data))
  const logger = { debug: log, info: log, warn: log, error: log }
  const reloader = createReloader({ source, schema: Config, lastKnownGood, logger, clock, soak: 0 })
  void reloader.start().catch(() => undefined)
  await clock.advance(1_000)
  return {
    status: reloader.status(),
    serves: reloader.config.n,
    lines,
    close: async () => {
      const closed = reloader.close()
      await clock.advance(60_000)
      await closed
    },
  }
}

it.each<[string, object, { serves: number; inSync: boolean }]>([
  ['is applied if it differs', { n: 2 }, { serves: 2, inSync: true }],
  ['is not said to be in sync if it is rejected', { n: 'two' }, { serves: 1, inSync: false }],
  ['needs no work if it is the same', { n: 1 }, { serves: 1, inSync: true }],
])('A document at the revision of the stored last known good %s', async (_title, document, expected) => {
  const entries = new Map<string, string>()
  const store: GoodStore = {
    load: (name) => entries.get(name),
    save: (name, text) => void entries.set(name, text),
  }
  const first = await boot({ n: 1 }, store)
  await first.close()
  const second = await boot(document, store)
  expect({ serves: second.serves, inSync: second.status.inSync }).toEqual(expected)
  const isOther = expected.serves === 2 || !expected.inSync
  expect(second.lines.some((line) => line.includes('source.contract'))).toBe(isOther)
  await second.close()
})
