import { unsafeCause } from 'changeover'
import { describe, expect, it } from 'vitest'
import {
  createService,
  expectHidden,
  expectNothingUnhandled,
  expectRejected,
  expectStartRejected,
  good,
  type Rejection,
  SECRET,
  type ServiceOptions,
  startService,
  throwing,
} from './service.ts'

const fail = (): never => {
  throw new Error(SECRET)
}
const changed = { ...good, db: { max: 12, password: SECRET } }

expectNothingUnhandled()

describe('A policy', () => {
  type Policy = NonNullable<ServiceOptions['policies']>[number]
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
    { what: 'is async, although policies are synchronous', refuse: async () => undefined },
    { what: 'is async and rejects', refuse: async () => fail() },
    { what: 'returns a thenable that throws', refuse: () => ({ then: fail }) },
  ]

  it.each(refusals)('that $what rejects the change', async ({ refuse }) => {
    const policy = ((next, previous) => (previous === undefined || next.db.max === 13 ? undefined : refuse())) as Policy
    const service = await startService({ policies: [policy] })
    await expectRejected(service, changed, { code: 'policy.refused' })
    service.source.put({ ...good, db: { max: 13, password: SECRET } })
    await service.clock.advance(0)
    expect(service.reloader.modules.db.current).toBe(13)
    await service.reloader.close()
  })

  it.each(refusals)('that $what rejects the first start, with nothing left open', async ({ refuse }) => {
    await expectStartRejected(createService({ document: good, policies: [refuse as Policy] }), {
      code: 'policy.refused',
    })
  })

  it('receives frozen configs, the next and the previous, and the first that rejects ends the round', async () => {
    const asked: unknown[] = []
    const service = await startService({
      policies: [
        (next, previous) => {
          asked.push([Object.isFrozen(next.db), next.db.max, previous?.db.max])
          if (next.db.max === 12) throw new Error(SECRET)
        },
        (next) => void asked.push(next.db.max),
      ],
    })
    await expectRejected(service, changed, { code: 'policy.refused' })
    expect(asked).toEqual([[true, 10, undefined], 10, [true, 12, 10]])
    await service.reloader.close()
  })

  it('is not asked about what serves already', async () => {
    const asked: unknown[] = []
    const service = await startService({ policies: [(next) => void asked.push(next)] })
    service.source.put(`${JSON.stringify(good)} `)
    await service.clock.advance(0)
    await service.reloader.close()
    expect([asked.length, service.reloader.status().counters.unchanged]).toEqual([1, 1])
  })

  it('that rejects leaves what it threw to the unsafe accessor alone', async () => {
    const thrown = new Error(SECRET)
    const service = createService({
      document: good,
      policies: [
        () => {
          throw thrown
        },
      ],
    })
    const started = service.reloader.start().catch((error: unknown) => error)
    await service.clock.advance(0)
    const error = await started
    expectHidden(error)
    expect(unsafeCause(error as never)).toBe(thrown)
  })
})

describe('A select of a module', () => {
  const badSelects: readonly {
    readonly what: string
    readonly select: () => unknown
    readonly code: Rejection['code']
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

  it.each(badSelects)('that $what rejects the change', async ({ select, code }) => {
    const service = createService({ document: good })
    const applier = { prepare: () => ({ instance: 1 }) }
    service.reloader.use('fickle', (config) => (config.db.max === 12 ? (select() as object) : {}), applier)
    const started = service.reloader.start()
    await service.clock.advance(0)
    await started
    await expectRejected(service, changed, { code })
    expect(service.reloader.status().last).toMatchObject({ failures: [{ module: 'fickle' }] })
    await service.reloader.close()
  })
})
