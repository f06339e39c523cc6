import { describe, expect, it } from 'vitest'
import { watchMachine } from '../../machines/index.ts'
import { runningIn, stateOf } from './walk/stepper.ts'
import { followGoodMoves, pathTitle, testWalk, walkAll } from './walk/walk-suite.ts'
import { contextOf, goodWatchMove, streamMoves, watchMoves } from './watch-moves.ts'

const walk = walkAll(watchMachine, {
  inputs: [undefined],
  moves: watchMoves,
  /** Everything that a decision depends on; the number of failures affects only a delay. */
  project: (snapshot) => {
    const { seen, attempts, compactions, cause, readAgain } = contextOf(snapshot)
    return [stateOf(snapshot), seen !== undefined, attempts > 0, compactions > 0, cause, readAgain]
  },
  limit: 2_000,
})

describe('The watch machine, walked', () => {
  testWalk(walk)

  it('answers every event in every situation', () => {
    expect(walk.unanswered).toEqual([])
  })

  it('ignores the late events of a stream that has ended', () => {
    const away = walk.reached.filter(
      ({ snapshot }) => snapshot.status !== 'done' && !runningIn(snapshot).has('watchSource'),
    )
    expect(new Set(away.map(({ snapshot }) => stateOf(snapshot)))).toEqual(
      new Set(['connecting', 'compacted', 'backing-off']),
    )
    for (const { snapshot } of away) {
      for (const { event } of streamMoves(snapshot)) {
        const { snapshot: after, effects } = walk.stepper.step(snapshot, event)
        expect([stateOf(after), after.context, effects]).toEqual([stateOf(snapshot), snapshot.context, []])
      }
    }
  })

  it('comes to follow the source from every situation when all goes well', () => {
    for (const reached of walk.reached) {
      const healed = followGoodMoves(walk, reached.snapshot, goodWatchMove, 10)
      expect(['closed', 'following.watching'], pathTitle(reached)).toContain(stateOf(healed))
      if (healed.status === 'done') continue
      expect(contextOf(healed), pathTitle(reached)).toMatchObject({ attempts: 0, compactions: 0, cause: undefined })
    }
  })
})
