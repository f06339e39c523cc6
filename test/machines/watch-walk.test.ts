import { describe, expect, it } from 'vitest'
import type { AnyMachineSnapshot } from 'xstate'
import { watchMachine } from '../../machines/index.ts'
import { edgesOf, nodesOf, pathOf } from './walk/definition.ts'
import { explore } from './walk/explore.ts'
import { instrument, tookOf } from './walk/instrument.ts'
import { createStepper, runningIn, stateOf } from './walk/stepper.ts'
import { contextOf, goodWatchMove, streamEvents, watchMoves } from './watch-moves.ts'

/** All that a decision looks at; how many failures there were concerns the delay alone. */
const project = (snapshot: AnyMachineSnapshot) => {
  const { seen, attempts, compactions, cause, readAgain } = contextOf(snapshot)
  return [stateOf(snapshot), seen !== undefined, attempts > 0, compactions > 0, cause, readAgain]
}

const { machine, edges, guards } = instrument(watchMachine)
const stepper = createStepper(machine)
const unanswered = new Set<string>()
const { reached, paths } = explore(stepper, {
  inputs: [undefined],
  moves: watchMoves,
  project,
  onStep: (before, { title }, { effects }) => {
    if (tookOf(effects).length === 0) unanswered.add(`${stateOf(before)}: ${title}`)
  },
  limit: 2_000,
})

describe('The watch machine, walked', () => {
  it('can reach every state', () => {
    const seen = new Set(reached.flatMap(({ snapshot }) => snapshot._nodes.map(pathOf)))
    expect(
      nodesOf(machine)
        .map(pathOf)
        .filter((path) => !seen.has(path)),
    ).toEqual([])
  })

  it('is walked as it is written: the marks add no transition and take none away', () => {
    expect(edges.map(({ title }) => title)).toEqual(edgesOf(watchMachine).map(({ title }) => title))
  })

  for (const { index, title, targets } of edges) {
    const way = paths.get(index)
    const after = way === undefined ? 'by no path' : way.path.map((step) => step.title).join('; ')
    it(`walks ${title} (${after})`, () => {
      expect(way, 'no path takes this transition').toBeDefined()
      if (way === undefined) return
      let step = stepper.initial()
      for (const { event } of way.path) step = stepper.step(step.snapshot, event)
      expect(tookOf(step.effects)).toContain(index)
      if (targets.length > 0) expect(targets.some((target) => stateOf(step.snapshot).startsWith(target))).toBe(true)
    })
  }

  it('hears both a yes and a no from every guard at every place where it stands', () => {
    expect(guards.filter(({ yes, no }) => yes === 0 || no === 0)).toEqual([])
  })

  it('answers every event in every situation', () => {
    expect([...unanswered]).toEqual([])
  })

  it('lets the late word of a stream that has ended change nothing', () => {
    const away = reached.filter(({ snapshot }) => snapshot.status !== 'done' && !runningIn(snapshot).has('watchSource'))
    expect(new Set(away.map(({ snapshot }) => stateOf(snapshot)))).toEqual(
      new Set(['connecting', 'compacted', 'backing-off']),
    )
    for (const { snapshot } of away) {
      for (const { event } of streamEvents(snapshot)) {
        const { snapshot: after, effects } = stepper.step(snapshot, event)
        expect([stateOf(after), after.context, effects]).toEqual([stateOf(snapshot), snapshot.context, []])
      }
    }
  })

  it('comes to follow the source from every situation when all goes well', () => {
    for (const { snapshot, path } of reached) {
      let now = snapshot
      for (let moves = 0; moves < 10; moves++) {
        const good = goodWatchMove(now)
        if (good === undefined) break
        now = stepper.step(now, good.event).snapshot
      }
      const trail = path.map(({ title }) => title).join('; ')
      expect(['closed', 'following.watching'], trail).toContain(stateOf(now))
      if (now.status !== 'done') {
        expect(contextOf(now), trail).toMatchObject({ attempts: 0, compactions: 0, cause: undefined })
      }
    }
  })
})
