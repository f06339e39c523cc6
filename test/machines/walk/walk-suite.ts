import { expect, it } from 'vitest'
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { edgesOf, nodesOf, pathOf } from './definition.ts'
import { type ExploreOptions, explore, type Reached } from './explore.ts'
import { instrument, tookOf } from './instrument.ts'
import type { Move } from './moves.ts'
import { createStepper, stateOf } from './stepper.ts'

/** Walks every path of a machine up to equal situations. */
export const walkAll = (original: AnyStateMachine, options: Omit<ExploreOptions, 'onStep'>) => {
  const { machine, edges, guards } = instrument(original)
  const stepper = createStepper(machine)
  const unanswered = new Set<string>()
  const { reached, paths } = explore(stepper, {
    ...options,
    onStep: (before, { title }, { effects }) => {
      if (tookOf(effects).length === 0) unanswered.add(`${stateOf(before)}: ${title}`)
    },
  })
  return { original, machine, edges, guards, stepper, reached, paths, unanswered: [...unanswered] }
}

export type Walk = ReturnType<typeof walkAll>

/** Registers the tests that hold for every machine: all of it is reachable, and each guard matters. */
export const testWalk = ({ original, machine, edges, guards, stepper, reached, paths }: Walk): void => {
  it('can reach every state', () => {
    const seen = new Set(reached.flatMap(({ snapshot }) => snapshot._nodes.map(pathOf)))
    const states = nodesOf(machine).filter(({ type }) => type !== 'history')
    expect(states.map(pathOf).filter((path) => !seen.has(path))).toEqual([])
  })

  it('keeps its transitions when it is instrumented', () => {
    expect(edges.map(({ title }) => title)).toEqual(edgesOf(original).map(({ title }) => title))
  })

  for (const { index, title, targets } of edges) {
    const path = paths.get(index)
    it(`goes ${title} (${path === undefined ? 'unreachable' : pathTitle(path)})`, () => {
      expect(path, 'no path takes this transition').toBeDefined()
      if (path === undefined) return
      let step = stepper.initial(path.input)
      for (const { event } of path.moves) step = stepper.step(step.snapshot, event)
      expect(tookOf(step.effects)).toContain(index)
      expect(step.snapshot.status).toBe(stateOf(step.snapshot) === 'closed' ? 'done' : 'active')
      // The last transition of a chain of `always` decides where the path ends.
      if (tookOf(step.effects).at(-1) === index && targets.length > 0 && !targets.includes('resting.before')) {
        expect(targets.some((target) => stateOf(step.snapshot).startsWith(target))).toBe(true)
      }
    })
  }

  it('gets both a yes and a no from every guard at every place', () => {
    expect(guards.filter(({ yes, no }) => yes === 0 || no === 0)).toEqual([])
  })
}

/** Follows the good moves from a situation until there are none, or `most` were taken. */
export const followGoodMoves = (
  { stepper }: Walk,
  from: AnyMachineSnapshot,
  goodMove: (snapshot: AnyMachineSnapshot) => Move | undefined,
  most: number,
): AnyMachineSnapshot => {
  let snapshot = from
  for (let moves = 0; moves < most; moves++) {
    const good = goodMove(snapshot)
    if (good === undefined) break
    snapshot = stepper.step(snapshot, good.event).snapshot
  }
  return snapshot
}

export const pathTitle = ({ input, moves }: Reached): string => {
  const titles = moves.map(({ title }) => title).join('; ')
  return input === undefined ? titles : `${JSON.stringify(input)}: ${titles}`
}
