import { createReloader } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { secret, secretsIn, show } from '../support/secrets.ts'

const S = secret('value')

/** Vitest fails a run in which a rejection is unhandled, as Node ends the process. */
const play = async (schema: z.ZodType<object>, documents: readonly object[]) => {
  const clock = createVirtualClock()
  const source = memorySource(documents[0])
  const reloader = createReloader({ source, schema, clock })
  const started = reloader.start().catch(() => {})
  await clock.advance(1_000)
  await started
  const outcomes = [reloader.status().last]
  for (const document of documents.slice(1)) {
    source.put(document)
    await clock.advance(1_000)
    outcomes.push(reloader.status().last)
  }
  const closed = reloader.close()
  await clock.advance(1_000)
  await closed
  expect(secretsIn(show(outcomes))).toEqual([])
  return outcomes.map((record) => ({
    outcome: record?.outcome,
    failures: (record?.failures ?? []).map(({ code, path }) => `${code} ${path}`),
  }))
}

describe('A rule of zod that returns a promise', () => {
  it('that rejects is a failure with its place, at the start and later', async () => {
    const schema = z.object({
      db: z.object({
        url: z.string().refine(async (url) => {
          if (url === S) throw new TypeError(S)
          return true
        }),
      }),
    })
    const bad = { db: { url: S } }
    const refused = { outcome: 'rejected', failures: ['schema.threw db.url'] }
    expect(await play(schema, [bad])).toEqual([refused])
    expect(await play(schema, [{ db: { url: 'a' } }, bad, { db: { url: 'b' } }])).toEqual([
      { outcome: 'committed', failures: [] },
      refused,
      { outcome: 'committed', failures: [] },
    ])
  })

  it('that refuses has its issue, and what it returns is the config', async () => {
    const schema = z.object({ a: z.string().transform(async (text) => text.length) }).refine(async ({ a }) => a < 4)
    expect(await play(schema, [{ a: 'abc' }, { a: S }, { a: 1 }])).toEqual([
      { outcome: 'committed', failures: [] },
      { outcome: 'rejected', failures: ['schema.invalid (root)'] },
      { outcome: 'rejected', failures: ['schema.invalid a'] },
    ])
  })

  it('runs once for each document that it accepts', async () => {
    let calls = 0
    const count = async (): Promise<boolean> => {
      calls += 1
      return true
    }
    await play(z.object({ a: z.number().refine(count) }), [{ a: 1 }, { a: 2 }, { a: 3 }])
    expect(calls).toBe(3)
  })
})
