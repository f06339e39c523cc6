import { describe, expect, it } from 'vitest'
import type { AnyMachineSnapshot } from 'xstate'
import { reloadMachine } from '../../machines/index.ts'
import type { ReloadContext } from '../../machines/index.ts'
import { contextOf, goodReloadAnswer, reloadAnswers, reloadEvents, seenByRead } from './reload-moves.ts'
import { edgesOf, nodesOf, pathOf } from './walk/definition.ts'
import { explore } from './walk/explore.ts'
import { instrument, tookOf } from './walk/instrument.ts'
import { createStepper, stateOf } from './walk/stepper.ts'

/** What of all that waits has its turn first. */
const projectWaiting = ({ waiting: { close, revert, read, candidate } }: ReloadContext) => {
  if (close) return 'close'
  if (revert !== undefined) return 'revert'
  if (candidate?.isLastKnownGood === true) return 'last good'
  return read ? 'read' : candidate !== undefined
}

/** What kind of transaction it is: what may be done to it, and with it. */
const projectKind = ({ trigger, candidate }: ReloadContext) =>
  trigger === 'restore' || trigger === 'revert' ? trigger : candidate !== undefined

/**
 * What a later decision looks at, each thing only where it matters: the product of all of them is beyond walking, and
 * the random walk goes there. Revisions, the epoch and the count of repairs differ without a difference.
 */
const project = (snapshot: AnyMachineSnapshot) => {
  const context = contextOf(snapshot)
  const { soaks, confirms, persists, hasServed, soakFailed, seen, degraded, untried } = context
  const state = stateOf(snapshot)
  if (state === 'closing' || state === 'closed') return [state, context.waiting.close]
  return [
    state,
    [soaks, confirms, persists, hasServed, soakFailed, seen !== undefined, degraded.length > 0],
    projectWaiting(context),
    untried?.until,
    /^fetching|^rolling-back/.test(state) && context.due,
    state === 'fetching' && seenByRead(snapshot)?.name !== seen?.name,
    !/^resting|^fetching/.test(state) && projectKind(context),
    /^validating|journaling$|preparing$/.test(state) && context.supersededBefore,
    /^validating|journaling$/.test(state) && context.candidate && context.replacements,
    state === 'validating' && degraded.length > 0 && context.trigger === 'reload',
    state.startsWith('applying') && [context.compensates, confirms && context.isConfirmed],
    state === 'rolling-back' && [context.ending, context.frozenMeanwhile],
  ]
}

const { machine, edges, guards } = instrument(reloadMachine)
const stepper = createStepper(machine)
const unanswered = new Set<string>()
const { reached, paths } = explore(stepper, {
  inputs: [
    { soaks: true, confirms: true, persists: false },
    { soaks: false, confirms: true, persists: true },
    { soaks: true, confirms: false, persists: true },
  ],
  moves: (snapshot) => (snapshot.status === 'done' ? [] : [...reloadEvents(snapshot), ...reloadAnswers(snapshot)]),
  project,
  onStep: (before, { title }, { effects }) => {
    if (tookOf(effects).length === 0) unanswered.add(`${stateOf(before)}: ${title}`)
  },
  limit: 20_000,
})

describe('The reload machine, walked', () => {
  it('can reach every state', () => {
    const seen = new Set(reached.flatMap(({ snapshot }) => snapshot._nodes.map(pathOf)))
    const states = nodesOf(machine).filter(({ type }) => type !== 'history')
    expect(states.map(pathOf).filter((path) => !seen.has(path))).toEqual([])
  })

  it('is walked as it is written: the marks add no transition and take none away', () => {
    expect(edges.map(({ title }) => title)).toEqual(edgesOf(reloadMachine).map(({ title }) => title))
  })

  for (const { index, title, targets } of edges) {
    const way = paths.get(index)
    const after = way === undefined ? 'by no path' : way.path.map((move) => move.title).join('; ')
    it(`walks ${title} (${JSON.stringify(way?.input)}: ${after})`, () => {
      expect(way, 'no path takes this transition').toBeDefined()
      if (way === undefined) return
      let step = stepper.initial(way.input)
      for (const { event } of way.path) step = stepper.step(step.snapshot, event)
      expect(tookOf(step.effects)).toContain(index)
      expect(step.snapshot.status).toBe(stateOf(step.snapshot) === 'closed' ? 'done' : 'active')
      // The last transition of a chain of `always` decides where the path ends.
      if (tookOf(step.effects).at(-1) === index && targets.length > 0 && !targets.includes('resting.before')) {
        expect(targets.some((target) => stateOf(step.snapshot).startsWith(target))).toBe(true)
      }
    })
  }

  it('hears both a yes and a no from every guard at every place where it stands', () => {
    expect(guards.filter(({ yes, no }) => yes === 0 || no === 0)).toEqual([])
  })

  it('answers every event in every situation, be it by a handler that does nothing; but two that only fit some', () => {
    // Where the transaction needs no word none is taken; where it waits for one it always is.
    expect([...unanswered]).not.toContain('applying.confirming: somebody confirms')
    // A restore is asked for once, at rest, before anything has served.
    expect([...unanswered].filter((text) => !/: (somebody confirms|a restore is requested)$/.test(text))).toEqual([])
  })

  it('comes to rest from every situation when all goes well, with nothing waiting and nothing degraded', () => {
    const rest = ['resting.idle', 'resting.committed', 'resting.rejected', 'resting.rolled-back']
    const restless = reached.filter(({ snapshot }) => {
      let now = snapshot
      for (let moves = 0; moves < 30; moves++) {
        const good = goodReloadAnswer(now)
        if (good === undefined) break
        now = stepper.step(now, good.event).snapshot
      }
      const { waiting, degraded, soakFailed } = contextOf(now)
      const isWhole = waiting.candidate === undefined && !waiting.read && degraded.length === 0 && !soakFailed
      return stateOf(now) !== 'closed' && !(rest.includes(stateOf(now)) && isWhole)
    })
    expect(restless.map(({ path }) => path.map(({ title }) => title).join('; '))).toEqual([])
  }, 180_000)
})
