import { describe, expect, it } from 'vitest'
import { type Held, isInPlace, nextToWrite, nothingHeld, type Place } from '../../src/persistence/write-order.ts'
import { createRandom } from '../model/random-json.ts'

const held = (sequence: number): Held => ({ id: `good ${sequence}`, sequence })
const heldOrNothing = (sequence: number): Held => (sequence < 0 ? nothingHeld : held(sequence))

interface Slot extends Place {
  mayHold: readonly Held[]
}

const slotsOf = (disk: readonly number[], targets: readonly number[]): Slot[] =>
  targets.map((target, index) => ({ mayHold: [heldOrNothing(disk[index] ?? -1)], target: held(target) }))

/** The order in which all is written where nothing fails, as the places' targets. */
const orderOf = (disk: readonly number[], targets: readonly number[]): readonly number[] => {
  const slots = slotsOf(disk, targets)
  const order: number[] = []
  for (let slot = nextToWrite(slots, () => true); slot !== undefined; slot = nextToWrite(slots, () => true)) {
    order.push(slot.target.sequence)
    slot.mayHold = [slot.target]
  }
  return order
}

describe('the order in which goods are written', () => {
  it.each([
    ['nothing is there', [], [1], [1]],
    ['nothing is there and three come at once', [], [3, 2, 1], [1, 2, 3]],
    ['all move down by one', [3, 2, 1], [4, 3, 2], [2, 3, 4]],
    ['nothing has changed', [3, 2, 1], [3, 2, 1], []],
    ['only the newest has changed', [3, 2, 1], [4, 2, 1], [4]],
    ['an old one comes back as the newest', [3, 2, 1], [4, 3, 1], [3, 4]],
    ['the newest entry is damaged', [-1, 2, 1], [3, 2, 1], [3]],
    ['the middle entry is damaged', [3, -1, 1], [4, 3, 1], [3, 4]],
    ['the newest on the disk stands in the middle', [3, 6, 5], [7, 6, 5], [7]],
    ['the three stand in each other’s places', [3, 6, 5], [6, 5, 3], [6, 5, 3]],
    ['the newest on the disk is no longer wanted', [3, 6, 5], [7, 5, 3], [7, 3, 5]],
  ])('where %s', (_title, disk, targets, order) => {
    expect(orderOf(disk, targets)).toEqual(order)
  })

  it('never takes the newest away where the newer one cannot be written', () => {
    const slots = slotsOf([3, 6, 5], [7, 5, 3])
    const [first] = slots
    // The oldest may go, the second not: it holds the newest there is.
    expect(nextToWrite(slots, (slot) => slot !== first)?.target).toEqual(held(3))
    const second = slots[1] as Slot
    expect(nextToWrite(slots, (slot) => slot === second)).toBeUndefined()
  })

  it('counts a save that failed as one that may have gone through, and as one that may not', () => {
    const slots = slotsOf([3, 2, 1], [4, 3, 2])
    const [first, second, third] = slots as [Slot, Slot, Slot]
    third.mayHold = [held(1), held(2)]
    const tried = new Set([third])
    const mayTry = (slot: Slot): boolean => !tried.has(slot)
    expect(nextToWrite(slots, mayTry)).toBe(second)
    second.mayHold = [held(3)]
    expect(nextToWrite(slots, mayTry)).toBe(first)
  })

  const seed = Math.floor(Math.random() * 2 ** 32)
  it(`never lets the newest on the disk fall, whatever is there and whatever fails (seed ${seed})`, () => {
    const random = createRandom(seed)
    for (let run = 0; run < 20_000; run++) {
      const actual = Array.from({ length: 3 }, () => random.upTo(8) - 1)
      const slots = slotsOf(actual, [8, 7, 6])
      let top = Math.max(...actual)
      // Three lists one after the other, of which any write may fail, with or without effect.
      for (let list = 0; list < 3; list++) {
        const rest = [random.upTo(9 + list), random.upTo(9 + list)]
        for (const [index, sequence] of [9 + list, ...rest].entries()) {
          const slot = slots[index] as Slot
          slots[index] = { mayHold: slot.mayHold, target: held(sequence) }
        }
        const tried = new Set<Slot>()
        const mayTry = (slot: Slot): boolean => !tried.has(slot)
        for (let slot = nextToWrite(slots, mayTry); slot !== undefined; slot = nextToWrite(slots, mayTry)) {
          tried.add(slot)
          const fails = random.chance(0.3)
          if (!fails || random.chance(0.5)) actual[slots.indexOf(slot)] = slot.target.sequence
          slot.mayHold = fails ? [...slot.mayHold, slot.target] : [slot.target]
          const now = Math.max(...actual)
          if (now < top) throw new Error(`run ${run}: the newest fell from ${top} to ${now}`)
          top = now
        }
        if (slots.every(isInPlace) && top !== 9 + list) throw new Error(`run ${run}: ${top} is the newest`)
      }
    }
  })
})
