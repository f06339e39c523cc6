import { describe, expect, it } from 'vitest'
import { admissionMachine } from '../../machines/index.ts'
import { admissionMoves, contextOf } from './admission-moves.ts'
import { timerMoves } from './walk/moves.ts'
import { stateOf } from './walk/stepper.ts'
import { followGoodMoves, pathTitle, testWalk, walkAll } from './walk/walk-suite.ts'

const walk = walkAll(admissionMachine, {
  inputs: [undefined],
  moves: admissionMoves,
  /** Everything that a decision depends on; the number of windows affects only a delay. */
  project: (snapshot) => {
    const { newest, gathered, burst, windows } = contextOf(snapshot)
    return [stateOf(snapshot), newest !== undefined, gathered > 0, burst, windows > 0]
  },
  limit: 200,
})

describe('The admission machine, walked', () => {
  testWalk(walk)

  it('answers every event in every situation, except a second freeze and an unfreeze without a freeze', () => {
    const isExpected = (text: string) =>
      text === 'frozen: changes are frozen' || /^following\.\w+: changes are unfrozen$/.test(text)
    expect(walk.unanswered.filter((text) => !isExpected(text))).toEqual([])
  })

  it('becomes calm from every situation once changes stop and are unfrozen, with no change waiting', () => {
    for (const reached of walk.reached) {
      const isFrozen = stateOf(reached.snapshot) === 'frozen'
      const unfrozen = isFrozen
        ? walk.stepper.step(reached.snapshot, { type: 'unfreeze.requested' }).snapshot
        : reached.snapshot
      const calm = followGoodMoves(walk, unfrozen, (snapshot) => timerMoves(snapshot)[0], 3)
      expect(['closed', 'following.calm'], pathTitle(reached)).toContain(stateOf(calm))
      if (calm.status === 'done') continue
      expect(contextOf(calm), pathTitle(reached)).toMatchObject({ gathered: 0, windows: 0 })
    }
  })
})
