import { it } from 'vitest'
import { reloadMachine } from '../../machines/index.ts'
import { contextOf, reloadAnswers, reloadEvents, seenByRead } from './reload-moves.ts'
import { explore } from './walk/explore.ts'
import { instrument, tookOf } from './walk/instrument.ts'
import { createStepper, stateOf } from './walk/stepper.ts'
import { readFileSync } from 'node:fs'
it('counts', () => {
  const src = readFileSync(new URL('./reload-walk.test.ts', import.meta.url), 'utf8')
  void src
  const { machine, edges, guards } = instrument(reloadMachine)
  const stepper = createStepper(machine)
  const per = new Map<string, number>()
  const n = { steps: 0 }
  const project = (snapshot: any) => {
  const context = contextOf(snapshot)
  const { soaks, confirms, persists, hasServed, unproven, supersededBefore, seen, degraded, untried, waiting } = context
  const state = stateOf(snapshot)
  if (state === 'closing' || state === 'closed') return [state, context.waiting.close]
  const works = !/^resting|^fetching/.test(state)
  return [
    state,
    Object.values(snapshot.historyValue).flatMap((nodes: any) => nodes?.map(({ id }: any) => id)),
    [soaks, confirms, persists, hasServed, unproven, supersededBefore, seen !== undefined, degraded.length > 0],
  waiting.close
    ? 'close'
    : [waiting.read, waiting.revert !== undefined, waiting.candidate && (waiting.candidate.isLastGood ?? false)],
    untried?.until,
    /^fetching|^rolling-back/.test(state) && context.due,
    state === 'fetching' && seenByRead(snapshot)?.name !== seen?.name,
    works && ( context.trigger === 'restore' || context.trigger === 'revert' ? context.trigger : context.candidate !== undefined),
    /^validating|journaling$/.test(state) && context.replacements,
    state.startsWith('applying') && [context.compensates, confirms && context.isConfirmed],
    state === 'rolling-back' && [context.ending, context.frozenMeanwhile],
  ]
  }
  try {
  explore(stepper, {
    inputs: [
    { soaks: true, confirms: true, persists: true },
    ],
    moves: (snapshot) => (snapshot.status === 'done' ? [] : [...reloadEvents(snapshot), ...reloadAnswers(snapshot)]),
    project: (s) => { const p = project(s); return p },
    onStep: (before) => { n.steps++; },
    limit: 60_000,
  })
  } catch (e) { console.log(String(e)) }
  console.log(n)
}, 300_000)
