import { unsafeCause } from 'changeover'
import { describe, expect, it } from 'vitest'
import {
  createScene,
  expectHidden,
  expectNothingUnhandled,
  expectRefused,
  expectStartRefused,
  good,
  type Refusal,
  SECRET,
  type SceneOptions,
  startScene,
  throwing,
} from './scene.ts'

const fail = (): never => {
  throw new Error(SECRET)
}
const changed = { ...good, db: { max: 12, password: SECRET } }

expectNothingUnhandled()

describe('A policy', () => {
  type Policy = NonNullable<SceneOptions['policies']>[number]
  const refusals: readonly { readonly what: string; readonly refuse: () => unknown }[] = [
    { what: 'throws', refuse: fail },
    {
      what: 'throws undefined',
      refuse: throwing(undefined),
    },
    {
      what: 'throws a Proxy that throws',
      refuse: () => {
        throw new Proxy(new Error(SECRET), { get: fail, getPrototypeOf: fail })
      },
    },
    { what: 'is async, so that nobody could wait for it', refuse: async () => undefined },
    { what: 'is async and rejects', refuse: async () => fail() },
    { what: 'returns a thenable that throws', refuse: () => ({ then: fail }) },
  ]

  it.each(refusals)('that $what refuses the change', async ({ refuse }) => {
    const policy = ((next, previous) => (previous === undefined || next.db.max === 13 ? undefined : refuse())) as Policy
    const scene = await startScene({ policies: [policy] })
    await expectRefused(scene, changed, { code: 'policy.refused' })
    scene.source.put({ ...good, db: { max: 13, password: SECRET } })
    await scene.clock.advance(0)
    expect(scene.reloader.modules.db.current).toBe(13)
    await scene.reloader.close()
  })

  it.each(refusals)('that $what refuses the very first start, with nothing left open', async ({ refuse }) => {
    await expectStartRefused(createScene({ document: good, policies: [refuse as Policy] }), { code: 'policy.refused' })
  })

  it('gets frozen configs, the next and the previous, and the first that refuses ends the asking', async () => {
    const asked: unknown[] = []
    const scene = await startScene({
      policies: [
        (next, previous) => {
          asked.push([Object.isFrozen(next.db), next.db.max, previous?.db.max])
          if (next.db.max === 12) throw new Error(SECRET)
        },
        (next) => void asked.push(next.db.max),
      ],
    })
    await expectRefused(scene, changed, { code: 'policy.refused' })
    expect(asked).toEqual([[true, 10, undefined], 10, [true, 12, 10]])
    await scene.reloader.close()
  })

  it('is not asked about what serves already', async () => {
    const asked: unknown[] = []
    const scene = await startScene({ policies: [(next) => void asked.push(next)] })
    scene.source.put(`${JSON.stringify(good)} `)
    await scene.clock.advance(0)
    await scene.reloader.close()
    expect([asked.length, scene.reloader.status().counters.unchanged]).toEqual([1, 1])
  })

  it('that refuses leaves what it threw to the unsafe accessor alone', async () => {
    const thrown = new Error(SECRET)
    const scene = createScene({
      document: good,
      policies: [
        () => {
          throw thrown
        },
      ],
    })
    const started = scene.reloader.start().catch((error: unknown) => error)
    await scene.clock.advance(0)
    const error = await started
    expectHidden(error)
    expect(unsafeCause(error as never)).toBe(thrown)
  })
})

describe('A select of a module', () => {
  const badSelects: readonly {
    readonly what: string
    readonly select: () => unknown
    readonly code: Refusal['code']
  }[] = [
    { what: 'throws', select: fail, code: 'module.select-failed' },
    {
      what: 'throws a string',
      select: throwing(SECRET),
      code: 'module.select-failed',
    },
    { what: 'is async', select: async () => good.db, code: 'config.not-plain' },
    { what: 'is async and rejects', select: async () => fail(), code: 'config.not-plain' },
    { what: 'returns a Date', select: () => new Date(), code: 'config.not-plain' },
    { what: 'returns a function', select: () => fail, code: 'config.not-plain' },
    {
      what: 'returns a getter that throws',
      select: () => Object.defineProperty({}, SECRET, { get: fail, enumerable: true }),
      code: 'module.select-failed',
    },
  ]

  it.each(badSelects)('that $what refuses the change', async ({ select, code }) => {
    const scene = createScene({ document: good })
    const applier = { prepare: () => ({ instance: 1 }) }
    scene.reloader.use('fickle', (config) => (config.db.max === 12 ? (select() as object) : {}), applier)
    const started = scene.reloader.start()
    await scene.clock.advance(0)
    await started
    await expectRefused(scene, changed, { code })
    expect(scene.reloader.status().last).toMatchObject({ failures: [{ module: 'fickle' }] })
    await scene.reloader.close()
  })
})
