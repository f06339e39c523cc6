import { describe, expect, it } from 'vitest'
import type { AnyMachineSnapshot } from 'xstate'
import { admissionMachine } from '../../machines/index.ts'
import { admissionMoves, contextOf } from './admission-moves.ts'
import { edgesOf, nodesOf, pathOf } from './walk/definition.ts'
import { explore } from './walk/explore.ts'
import { instrument, tookOf } from './walk/instrument.ts'
import { armedIn, createStepper, elapseOf, stateOf } from './walk/stepper.ts'

/** All that a decision looks at; how many windows there were concerns the delay alone. */
const project = (snapshot: AnyMachineSnapshot) => {
  const { newest, gathered, burst, windows } = contextOf(snapshot)
  return [stateOf(snapshot), newest !== undefined, gathered > 0, burst, windows > 0]
}

const { machine, edges, guards } = instrument(admissionMachine)
const stepper = createStepper(machine)
const unanswered = new Set<string>()
const { reached, paths } = explore(stepper, {
  inputs: [undefined],
  moves: admissionMoves,
  project,
  onStep: (before, { title }, { effects }) => {
    if (tookOf(effects).length === 0) unanswered.add(`${stateOf(before)}: ${title}`)
  },
  limit: 200,
})

describe('The admission machine, walked', () => {
  it('can reach every state', () => {
    const seen = new Set(reached.flatMap(({ snapshot }) => snapshot._nodes.map(pathOf)))
    const states = nodesOf(machine).map(pathOf)
    expect(states.filter((path) => !seen.has(path))).toEqual([])
  })

  it('is walked as it is written: the marks add no transition and take none away', () => {
    expect(edges.map(({ title }) => title)).toEqual(edgesOf(admissionMachine).map(({ title }) => title))
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

  it('answers every event in every situation, but for a freeze of what is frozen and the end of none', () => {
    const frozenAgain = 'frozen: changes are frozen'
    const noFreeze = /^following\.\w+: changes are let through again$/
    expect([...unanswered].filter((text) => text !== frozenAgain && !noFreeze.test(text))).toEqual([])
  })

  it('comes to be calm from every situation where changes end and nothing is frozen, and nothing waits then', () => {
    for (const { snapshot, path } of reached) {
      let now = snapshot
      if (stateOf(now) === 'frozen') now = stepper.step(now, { type: 'unfreeze.requested' }).snapshot
      for (let moves = 0; moves < 3; moves++) {
        const [delay] = armedIn(now).keys()
        if (delay !== undefined) now = stepper.step(now, elapseOf(now, delay)).snapshot
      }
      const trail = path.map(({ title }) => title).join('; ')
      expect(['closed', 'following.calm'], trail).toContain(stateOf(now))
      if (now.status !== 'done') expect(contextOf(now), trail).toMatchObject({ gathered: 0, burst: 0, windows: 0 })
    }
  })
})
