import type { Failure } from 'changeover'
import { expect, test } from 'vitest'
import { configOf, startHarness } from './harness.ts'

/** Creates a promise that a test resolves. */
const gate = () => {
  let open: () => void = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

const collecting = () => {
  const warned: Failure['code'][] = []
  const warn = (data: object): void => {
    warned.push((data as { changeover: Failure }).changeover.code)
  }
  return { warned, logger: { debug: () => {}, info: () => {}, warn, error: () => {} } }
}

test('G1 a lease keeps one whole snapshot open across two commits', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, b: 1 }) })
  const { open, opened } = gate()
  const leased = harness.reloader.lease(async ({ config, modules }) => {
    await opened
    return [config.a?.value, config.b?.value, modules.a.current?.value, modules.b.current?.value]
  })
  await harness.put(configOf({ a: 2, b: 2 }))
  await harness.put(configOf({ a: 3, b: 3 }))
  // Generation 2 was never leased and need not wait. Generation 1 waits, in both modules.
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close b2', 'close a2'])
  open()
  expect(await leased).toEqual([1, 1, 1, 1])
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close b2', 'close a2', 'close b1', 'close a1'])
})

test('G1 a lease taken during a soak keeps the generations open that the soak replaced', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, b: 1 }), options: { soak: 1_000 } })
  harness.modules.b.script('check', undefined, 'reject')
  harness.source.put(configOf({ a: 2, b: 2 }))
  await harness.advance(10)
  const { open, opened } = gate()
  const leased = harness.reloader.lease(async ({ config, modules }) => {
    await opened
    return [config.a?.value, modules.a.current?.value, modules.b.current?.value]
  })
  expect((await harness.next(1_000)).outcome).toBe('rolled-back')
  expect(harness.served).toEqual({ a: 1, b: 1 })
  expect(harness.callsOf({ hooks: ['close'] })).toEqual([])
  open()
  expect(await leased).toEqual([2, 2, 2])
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close b2', 'close a2'])
})

test('G1 a lease taken before a failed soak keeps what serves again open, and a later commit waits for it', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }), options: { soak: 1_000 } })
  const { open, opened } = gate()
  const leased = harness.reloader.lease(() => opened)
  harness.modules.a.script('check', 'reject')
  expect((await harness.put(configOf({ a: 2 }), 1_000)).outcome).toBe('rolled-back')
  expect((await harness.put(configOf({ a: 3 }), 2_000)).outcome).toBe('committed')
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close a2'])
  open()
  await leased
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close a2', 'close a1'])
})

test('G1 the last of several leases counts, and a lease that throws ends like any other', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }) })
  const [first, second, third] = [gate(), gate(), gate()]
  const failing = harness.reloader.lease(async () => {
    await first.opened
    throw new Error('of the task itself')
  })
  const good = harness.reloader.lease(() => second.opened)
  const using = harness.reloader.modules.a.use(() => third.opened)
  await harness.put(configOf({ a: 2 }))
  first.open()
  await expect(failing).rejects.toThrow('of the task itself')
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual([])
  second.open()
  await good
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual([])
  third.open()
  await using
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close a1'])
})

test('G1 use holds one generation of one module, and only that one', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, x: 1 }) })
  const { open, opened } = gate()
  const using = harness.reloader.modules.a.use(async (instance) => {
    await opened
    return instance
  })
  await harness.put(configOf({ a: 2, x: 2 }))
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close x1'])
  open()
  expect(await using).toMatchObject({ value: 1, closes: 0 })
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close x1', 'close a1'])
})

test('G1 a task that throws at once releases its lease', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }) })
  const throwing = () => {
    throw new Error('of the task itself')
  }
  await expect(harness.reloader.lease(throwing)).rejects.toThrow('of the task itself')
  await expect(harness.reloader.modules.a.use(throwing)).rejects.toThrow('of the task itself')
  await harness.put(configOf({ a: 2 }))
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close a1'])
})

test('G1 a lease is limited by leaseMs: then the generation is closed anyway, and a failure is reported', async () => {
  const { warned, logger } = collecting()
  const harness = await startHarness({
    config: configOf({ a: 1, b: 1 }),
    options: { logger, deadlines: { leaseMs: 5_000 } },
  })
  const { open, opened } = gate()
  const leased = harness.reloader.lease(() => opened)
  await harness.put(configOf({ a: 2 })) // b is switched off
  await harness.advance(4_999)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual([])
  await harness.advance(2) // the waits of both modules run in parallel
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close b1', 'close a1'])
  expect(warned).toEqual(['lease.overdue', 'lease.overdue'])
  open()
  await leased
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close b1', 'close a1'])
})

test('G1 use is limited by leaseMs too', async () => {
  const { warned, logger } = collecting()
  const harness = await startHarness({ config: configOf({ a: 1 }), options: { logger, deadlines: { leaseMs: 5_000 } } })
  const { open, opened } = gate()
  const using = harness.reloader.modules.a.use(() => opened)
  await harness.put(configOf({ a: 2 }))
  await harness.advance(4_999)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual([])
  await harness.advance(2)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close a1'])
  expect(warned).toEqual(['lease.overdue'])
  open()
  await using
})

test('G1 close waits for a lease, whose snapshot stays open during the wait', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, b: 1 }) })
  const { open, opened } = gate()
  const leased = harness.reloader.lease(async ({ modules }) => {
    await opened
    return [modules.a.current?.closes, modules.b.current?.closes]
  })
  const closed = harness.reloader.close()
  await harness.advance(1_000)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual([])
  open()
  expect(await leased).toEqual([0, 0])
  await closed
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close b1', 'close a1'])
})
