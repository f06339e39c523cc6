import { describe, expect } from 'vitest'
import { watchMachine } from '../../machines/index.ts'
import { testRandomWalks, walkMachine } from './walk/random-walk.ts'
import { stateOf } from './walk/stepper.ts'
import { createWatchLedger } from './watch-ledger.ts'
import { closeMove, contextOf, goodWatchMove, watchMoves } from './watch-moves.ts'

describe('The watch machine, on a random walk', () => {
  testRandomWalks('follows its rules', (seed, isFixed) => {
    const ledger = createWatchLedger()
    const { untaken, closed } = walkMachine(seed, {
      machine: watchMachine,
      inputOf: () => undefined,
      pickMove: (snapshot, random) => {
        const moves = watchMoves(snapshot)
        // A close ends a machine's life, so it is rare.
        return random.pick(random.chance(1 / 20) ? moves : moves.filter((move) => move !== closeMove))
      },
      goodMove: goodWatchMove,
      healingMoves: 10,
      isHealed: (snapshot) => stateOf(snapshot) === 'following.watching' && contextOf(snapshot).cause === undefined,
      ledgers: [ledger],
    })
    // Another seed may leave out a rare transition.
    if (isFixed) expect(untaken).toEqual([])
    expect(closed).toBeGreaterThan(100)
    expect(ledger.summary().delivered).toBeGreaterThan(5_000)
  })
})
