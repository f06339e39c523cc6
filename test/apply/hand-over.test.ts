import { type Applier, createReloader } from 'changeover'
import { resource } from 'changeover/appliers'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { importBlock } from '../docs/guide-blocks.ts'

const Config = z.strictObject({
  limit: z.strictObject({ perMinute: z.number() }).optional(),
  note: z.string().optional(),
  isBad: z.boolean().optional(),
})
type Config = z.infer<typeof Config>

interface Limiter {
  readonly allow: () => boolean
}

/** Starts a service with one module and, after it, one that refuses a bad config or fails in the soak. */
const serve = async <Instance>(
  applier: Applier<{ readonly perMinute: number }, Instance>,
  config: Config = { limit: { perMinute: 10 } },
) => {
  const clock = createVirtualClock()
  const source = memorySource(config)
  let isSick = false
  const checkHealth = async (): Promise<void> => {
    if (isSick) throw new Error('scripted')
  }
  const reloader = createReloader({
    source,
    schema: Config,
    clock,
    soak: { durationMs: 100, intervalMs: 50, checks: [checkHealth] },
  })
    .use('limit', (c) => c.limit, applier)
    .use(
      'guard',
      (c) => c.isBad,
      {
        prepare: (isBad: boolean) => {
          if (isBad) throw new Error('scripted')
          return { instance: undefined }
        },
      },
      { after: ['limit'] },
    )
  const wait = async <T>(work: Promise<T>): Promise<T> => {
    await clock.advance(1_000)
    return work
  }
  onTestFinished(() => wait(reloader.close()))
  await wait(reloader.start())
  return {
    reloader,
    clock,
    put: async (next: Config) => {
      source.put(next)
      return (await wait(reloader.reload())).outcome
    },
    sicken: () => {
      isSick = true
    },
    allowed: (times: number): number => {
      const limiter = reloader.modules.limit.current as Limiter | undefined
      return Array.from({ length: times }, () => limiter?.allow()).filter(Boolean).length
    },
  }
}

const guideLimiter = () =>
  importBlock<{ rateLimit: () => Applier<{ readonly perMinute: number }, Limiter> }>(
    'docs/guide/appliers.md',
    'rate-limit.ts',
  )

describe("The guide's rate limiter", () => {
  it('keeps its counters across a change of the limit', async () => {
    const { rateLimit } = await guideLimiter()
    const { put, allowed } = await serve(rateLimit())
    expect(allowed(8)).toBe(8)
    expect(await put({ limit: { perMinute: 9 } })).toBe('committed')
    expect(allowed(10)).toBe(2)
  })

  it('counts what both generations have let through, before the commit and after a rollback', async () => {
    const { rateLimit } = await guideLimiter()
    const { put, allowed, sicken } = await serve(rateLimit())
    expect(allowed(4)).toBe(4)
    expect(await put({ limit: { perMinute: 9 }, isBad: true })).toBe('rolled-back')
    expect(allowed(3)).toBe(3)
    sicken()
    expect(await put({ limit: { perMinute: 8 } })).toBe('rolled-back')
    expect(allowed(10)).toBe(3) // of ten, seven are used
  })

  it('begins with a full budget when it is switched off and on', async () => {
    const { rateLimit } = await guideLimiter()
    const { put, allowed } = await serve(rateLimit())
    expect(allowed(10)).toBe(10)
    expect(await put({})).toBe('committed')
    expect(await put({ limit: { perMinute: 5 } })).toBe('committed')
    expect(allowed(10)).toBe(5)
  })
})

describe('The previous instance of prepare', () => {
  const recorded = (seen: unknown[]): Applier<{ readonly perMinute: number }, string> => ({
    prepare: ({ perMinute }, _, previous: string | undefined) => {
      seen.push(previous)
      return { instance: `limit ${perMinute}` }
    },
  })

  it('is undefined at first, then what serves, and undefined after the module was off', async () => {
    const seen: unknown[] = []
    const { put } = await serve(recorded(seen))
    await put({ limit: { perMinute: 2 } })
    await put({ limit: { perMinute: 2 }, note: 'the slice is equal' })
    await put({ note: 'off' })
    await put({ limit: { perMinute: 3 } })
    expect(seen).toEqual([undefined, 'limit 10', undefined])
  })

  it('is what serves in a dry run, and after a try that failed', async () => {
    const seen: unknown[] = []
    const { put, reloader, clock } = await serve(recorded(seen))
    const report = reloader.plan('{ "limit": { "perMinute": 3 } }', { prepare: true })
    await clock.advance(0)
    expect(await report).toMatchObject({ verdict: 'changes' })
    await put({ limit: { perMinute: 4 }, isBad: true })
    await put({ limit: { perMinute: 5 } })
    await put({ limit: { perMinute: 6 } })
    expect(seen).toEqual([undefined, 'limit 10', 'limit 10', 'limit 10', 'limit 5'])
  })

  it('is passed to the open of a resource', async () => {
    const seen: unknown[] = []
    const applier = resource({
      open: ({ perMinute }: { readonly perMinute: number }, _, previous) => {
        seen.push(previous)
        return { perMinute }
      },
      close: () => {},
    })
    const { put } = await serve(applier)
    await put({ limit: { perMinute: 2 } })
    expect(seen).toEqual([undefined, { perMinute: 10 }])
  })

  it('is not kept alive by the context of the next generation', async () => {
    const refs: WeakRef<object>[] = []
    const applier: Applier<{ readonly perMinute: number }, object> = {
      prepare: (_, context) => {
        const instance = { context }
        refs.push(new WeakRef(instance))
        return { instance }
      },
    }
    const { put } = await serve(applier)
    for (let perMinute = 11; perMinute < 31; perMinute++) await put({ limit: { perMinute } })
    const { setFlagsFromString } = await import('node:v8')
    const { runInNewContext } = await import('node:vm')
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const alive = (): number => {
      collect()
      return refs.filter((ref) => ref.deref() !== undefined).length
    }
    await expect.poll(alive, { timeout: 20_000 }).toBeLessThan(6)
  })
})
