import { describe, expect, it, onTestFinished } from 'vitest'
import { seededRandom } from '../../src/testing/fakes/seeded-random.ts'
import { FleetWorld, TTL_MS } from './simulate/fleet-world.ts'
import type { Temper } from './simulate/simulated-instance.ts'

/** A fleet of so many instances that serve the first document. */
const startWorld = async (count: number, temper?: Temper): Promise<FleetWorld> => {
  const world = new FleetWorld(seededRandom(1))
  world.publish()
  for (let index = 0; index < count; index += 1) await world.add(temper)
  await world.clock.advance(2_000)
  onTestFinished(() => world.close())
  return world
}

const valuesOf = ({ live }: FleetWorld): readonly (number | undefined)[] => live.map(({ pool }) => pool?.n)

const poolsOf = ({ live }: FleetWorld) => live.map(({ pool }) => pool)

/** Lets time pass until something is so. */
const advanceUntil = async ({ clock }: FleetWorld, isSo: () => boolean): Promise<number> => {
  const from = clock.monotonic()
  while (!isSo()) {
    if (clock.monotonic() - from > 60_000) throw new Error('it did not come about')
    await clock.advance(50)
  }
  return clock.monotonic() - from
}

const tries = (world: FleetWorld, n: number): number => valuesOf(world).filter((value) => value === n).length

describe('A rollout', () => {
  it('calls no module of a canary again once it is promoted, and reaches the others', async () => {
    const world = await startWorld(4)
    const rollout = world.roll(world.next(), { steps: [() => 1, () => 2] })
    await advanceUntil(world, () => tries(world, 2) === 2)
    const tried = poolsOf(world).filter((pool) => pool?.n === 2)
    await advanceUntil(world, () => rollout.result !== undefined)
    expect(rollout.result).toBe('published')
    await world.clock.advance(3_000)
    expect(valuesOf(world)).toEqual([2, 2, 2, 2])
    for (const pool of tried) expect(poolsOf(world)).toContain(pool)
    expect(world.live.map(({ prepared }) => prepared)).toEqual(Array(4).fill([1, 2]))
    expect(world.live.map(({ reloader }) => reloader.status().inSync)).toEqual(Array(4).fill(true))
  })

  it('is over within the lease of its driver if that dies, with the pools of before', async () => {
    const world = await startWorld(3)
    const before = poolsOf(world)
    const rollout = world.roll(world.next(), { steps: [() => 2], holdMs: 60_000 })
    await advanceUntil(world, () => tries(world, 2) === 2)
    world.kill(rollout)
    expect(await advanceUntil(world, () => tries(world, 2) === 0)).toBeLessThanOrEqual(TTL_MS + 500)
    expect(poolsOf(world)).toEqual(before)
    expect(world.live.map(({ prepared }) => prepared.length).toSorted()).toEqual([1, 2, 2])
  })

  it.each(['down', 'silent'] as const)('is over for a canary whose etcd is %s after twice that time', async (mode) => {
    const world = await startWorld(2)
    world.roll(world.next(), { steps: [() => 1], holdMs: 60_000 })
    await advanceUntil(world, () => tries(world, 2) === 1)
    const canary = world.live.find(({ pool }) => pool?.n === 2)
    canary?.cut(mode)
    const afterMs = await advanceUntil(world, () => canary?.pool?.n === 1)
    expect(afterMs).toBeGreaterThan(TTL_MS)
    expect(afterMs).toBeLessThanOrEqual(2 * TTL_MS + 100)
    canary?.heal()
    await world.clock.advance(10_000)
    expect(valuesOf(world)).toEqual([1, 1])
  })

  it('is refused, and over, if the document has changed meanwhile', async () => {
    const world = await startWorld(3)
    const rollout = world.roll(world.next(), { steps: [() => 2], holdMs: 5_000 })
    await advanceUntil(world, () => tries(world, 2) === 2)
    const other = world.publish()
    await advanceUntil(world, () => rollout.result !== undefined)
    expect(rollout.result).toBe('fleet.superseded')
    await world.clock.advance(2_000)
    expect(valuesOf(world)).toEqual([other, other, other])
  })

  it('ends with the first canary that refuses the candidate, before or after its soak', async () => {
    let isBad = (_: number): boolean => false
    const world = await startWorld(3, { refuses: (n) => n === 2, isUnsound: (n) => n === 3 && isBad(n) })
    const before = poolsOf(world)
    const refused = world.roll(world.next(), { steps: [() => 1] })
    await advanceUntil(world, () => refused.result !== undefined)
    expect(refused.result).toBe('fleet.rollout-failed')
    const later = world.roll(world.next(), { steps: [() => 3], holdMs: 10_000 })
    await advanceUntil(world, () => tries(world, 3) === 3)
    await world.clock.advance(3_000)
    isBad = () => true
    await advanceUntil(world, () => later.result !== undefined)
    expect(later.result).toBe('fleet.rollout-failed')
    await world.clock.advance(2_000)
    expect(poolsOf(world)).toEqual(before)
  })

  it('goes on with as many failures as it may have', async () => {
    const world = await startWorld(4)
    await world.add({ refuses: (n) => n === 2, isUnsound: () => false })
    await world.clock.advance(1_000)
    const rollout = world.roll(world.next(), { steps: [() => 5], maxFailures: 1 })
    await advanceUntil(world, () => rollout.result !== undefined)
    expect(rollout.result).toBe('published')
    await world.clock.advance(3_000)
    expect(valuesOf(world)).toEqual([2, 2, 2, 2, 1])
  })

  it('ends with a canary that goes, by an exit or by a crash', async () => {
    for (const isCrash of [false, true]) {
      const world = await startWorld(3)
      const rollout = world.roll(world.next(), { steps: [() => 1], holdMs: 30_000 })
      await advanceUntil(world, () => tries(world, 2) === 1)
      void world.live.find(({ pool }) => pool?.n === 2)?.stop(isCrash)
      // A restart is another instance, which does not take part.
      const successor = await world.add()
      await advanceUntil(world, () => rollout.result !== undefined)
      expect(rollout.result).toBe('fleet.rollout-failed')
      await world.clock.advance(2_000)
      expect(valuesOf(world)).toEqual([1, 1, 1])
      expect(successor.prepared).toEqual([1])
    }
  })

  it('goes on while the fleet grows and others leave', async () => {
    const world = await startWorld(4)
    const rollout = world.roll(world.next(), { steps: [() => 1, (count) => Math.ceil(count / 2)], holdMs: 3_000 })
    await advanceUntil(world, () => tries(world, 2) === 1)
    await world.live.find(({ pool }) => pool?.n === 1)?.stop(false)
    for (let more = 0; more < 3; more += 1) await world.add()
    await advanceUntil(world, () => rollout.result !== undefined)
    expect([rollout.result, rollout.canaries.size]).toEqual(['published', 3])
    await world.clock.advance(3_000)
    expect(valuesOf(world)).toEqual([2, 2, 2, 2, 2, 2])
  })

  it('survives a driver that does not reach etcd for less than its lease, and not for longer', async () => {
    const world = await startWorld(3)
    const rollout = world.roll(world.next(), { steps: [() => 1], holdMs: 4_000 })
    await advanceUntil(world, () => tries(world, 2) === 1)
    world.model.set(rollout.link, 'down')
    await world.clock.advance(TTL_MS / 3)
    world.model.set(rollout.link, 'up')
    await advanceUntil(world, () => rollout.result !== undefined)
    expect(rollout.result).toBe('published')
    const next = world.roll(world.next(), { steps: [() => 1], holdMs: 9_000 })
    await advanceUntil(world, () => tries(world, 3) === 1)
    world.model.set(next.link, 'silent')
    await advanceUntil(world, () => next.result !== undefined)
    expect(next.result).toBe('fleet.rollout-lost')
    await world.clock.advance(3_000)
    expect(valuesOf(world)).toEqual([2, 2, 2])
  })
})

describe('An abort of a rollout', () => {
  it('takes it back, and the same candidate can be tried again', async () => {
    const world = await startWorld(3)
    const before = poolsOf(world)
    const n = world.next()
    const rollout = world.roll(n, { steps: [() => 2], holdMs: 30_000 })
    await advanceUntil(world, () => tries(world, n) === 2)
    expect(await world.abort()).toMatchObject({ id: rollout.id })
    await advanceUntil(world, () => rollout.result !== undefined)
    expect(rollout.result).toBe('fleet.rollout-aborted')
    await world.clock.advance(1_000)
    expect(poolsOf(world)).toEqual(before)
    const again = world.roll(n, { steps: [() => 2] })
    await advanceUntil(world, () => again.result !== undefined)
    expect(again.result).toBe('published')
  })

  it('changes nothing if no rollout runs, before one and after its promotion', async () => {
    const world = await startWorld(2)
    expect(await world.abort()).toBeUndefined()
    const rollout = world.roll(world.next(), { steps: [() => 1] })
    await advanceUntil(world, () => rollout.result !== undefined)
    expect(await world.abort()).toBeUndefined()
    await world.clock.advance(3_000)
    expect(valuesOf(world)).toEqual([2, 2])
  })

  it('by an interrupt takes it back at once', async () => {
    const world = await startWorld(2)
    const rollout = world.roll(world.next(), { steps: [() => 1], holdMs: 30_000 })
    await advanceUntil(world, () => tries(world, 2) === 1)
    world.interrupt(rollout)
    expect(await advanceUntil(world, () => tries(world, 2) === 0)).toBeLessThanOrEqual(100)
  })
})

describe('A second rollout', () => {
  it('is refused while the first one runs', async () => {
    const world = await startWorld(2)
    const first = world.roll(world.next(), { steps: [() => 1] })
    await advanceUntil(world, () => tries(world, 2) === 1)
    const second = world.roll(world.next(), { steps: [() => 1] })
    await advanceUntil(world, () => first.result !== undefined && second.result !== undefined)
    expect([first.result, second.result]).toEqual(['published', 'fleet.rollout-running'])
  })
})
