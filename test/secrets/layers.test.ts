import { createReloader } from 'changeover'
import { defaults, layers } from 'changeover/layers'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { FakeVault, ref } from './service.ts'

const Config = z.strictObject({ db: z.strictObject({ max: z.number(), password: z.string() }) })

/** What the config becomes of a lower and an upper layer. */
const serve = async (lower: object, upper: object) => {
  const clock = createVirtualClock()
  const vault = new FakeVault()
  vault.secrets.set('other', 'other-password')
  const source = layers([defaults(lower), memorySource(upper as never)])
  const reloader = createReloader({ source, schema: Config, clock, public: ['db'], secrets: { vault } })
  onTestFinished(async () => {
    await Promise.all([reloader.close(), clock.advance(30_000)])
  })
  const started = reloader.start()
  started.catch(() => {})
  await clock.advance(2_000)
  return { started, reloader, vault, clock }
}

describe('A reference to a secret in a layer', () => {
  it.each([
    ['above a text', { db: { max: 1, password: 'dev' } }, { db: { password: ref('db') } }, 'first-password'],
    ['below a text', { db: { max: 1, password: ref('db') } }, { db: { password: 'dev' } }, 'dev'],
    [
      'above another one',
      { db: { max: 1, password: ref('other') } },
      { db: { password: ref('db') } },
      'first-password',
    ],
    ['beside what another layer has', { db: { max: 1, password: ref('db') } }, { db: { max: 2 } }, 'first-password'],
  ])('is a value like any other: %s', async (_, lower, upper, password) => {
    const { started, reloader } = await serve(lower, upper)
    await started
    expect(reloader.config.db.password).toBe(password)
  })

  it('clashes with an object, as a text does', async () => {
    const { started } = await serve({ db: { max: 1, password: 'dev' } }, { db: ref('db') })
    await expect(started).rejects.toMatchObject({ failures: [{ path: 'db' }] })
  })

  it('rotates, and is explained without its value', async () => {
    const lower = { db: { max: 1, password: ref('db') } }
    const { started, reloader, vault, clock } = await serve(lower, { db: { max: 2 } })
    await started
    vault.rotate('second-password')
    await clock.advance(2_000)
    expect(reloader.config.db).toEqual({ max: 2, password: 'second-password' })
    const explanation = reloader.explain('db.password')
    expect(explanation.origins).toMatchObject([{ kind: 'defaults' }])
    expect(JSON.stringify(explanation)).not.toContain('second-password')
  })
})
