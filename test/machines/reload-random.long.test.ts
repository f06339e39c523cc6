import { describe, expect } from 'vitest'
import type { AnyMachineSnapshot } from 'xstate'
import { reloadMachine } from '../../machines/index.ts'
import type { Random } from '../support/random.ts'
import { createReloadLedger } from './reload-ledger.ts'
import { closeMove, goodReloadMove, reloadAnswers, reloadEvents } from './reload-moves.ts'
import { createSoakLedger } from './reload-soak-ledger.ts'
import type { Move } from './walk/moves.ts'
import { testRandomWalks, walkMachine } from './walk/random-walk.ts'
import { stateOf } from './walk/stepper.ts'

const pickMove = (snapshot: AnyMachineSnapshot, random: Random): Move => {
  // Late states are reached only if much goes well.
  const good = goodReloadMove(snapshot)
  if (good !== undefined && random.chance(1 / 4)) return good
  const answers = reloadAnswers(snapshot)
  // A close ends a machine's life, so it is rare; a confirmation or a promotion is rarely waited for.
  const isRare = !['applying.confirming', 'applying.trying'].includes(stateOf(snapshot))
  const events = reloadEvents(snapshot).filter((move) => move !== closeMove || !isRare || random.chance(1 / 20))
  return random.pick(answers.length > 0 && random.chance(1 / 2) ? answers : events)
}

describe('The reload machine, on a random walk', () => {
  testRandomWalks('follows its rules', (seed, isFixed) => {
    const ledger = createReloadLedger()
    const { untaken, closed, states } = walkMachine(seed, {
      machine: reloadMachine,
      inputOf: (random) => ({
        soaks: random.chance(1 / 2),
        confirms: random.chance(1 / 2),
        persists: random.chance(1 / 2),
        supersedesSoak: random.chance(1 / 2),
      }),
      pickMove,
      goodMove: goodReloadMove,
      healingMoves: 29,
      isHealed: (snapshot) => goodReloadMove(snapshot) === undefined,
      ledgers: [ledger, createSoakLedger()],
    })
    // Another seed may leave out a rare transition.
    if (isFixed) expect(untaken).toEqual([])
    expect(states).toBe(18)
    // About 90, by chance: a fixed seed repeats its number, any other may fall below 80.
    expect(closed).toBeGreaterThan(isFixed ? 80 : 40)
    expect(ledger.summary().transactions).toBeGreaterThan(5_000)
  })
})
