import { createActor, fromPromise } from 'xstate'
import { reloadMachine, type RollBackVerdict, type StepVerdict, type ValidateVerdict } from 'changeover/machines'
import { createVirtualClock } from 'changeover/testing'
import { simulateMany } from '../../simulation/run.ts'
import type { Figure } from '../figure.ts'
import { pairs, spreadOf } from '../pairs.ts'
import { processorMs } from '../processor.ts'
import { sum } from '../stats.ts'

type Verdict = ValidateVerdict | StepVerdict | RollBackVerdict
type Actors = NonNullable<Parameters<typeof reloadMachine.provide>[0]['actors']>

/** Milliseconds of processor time a transaction, of `runs` seeded histories. */
const simulated = (runs: number) => {
  let seed = 1
  return async (): Promise<number> => {
    const started = processorMs()
    const { failed, outcomes } = await simulateMany(seed, runs)
    const took = processorMs() - started
    if (failed !== undefined) throw new Error(`seed ${failed.seed} broke: ${failed.broken.join('; ')}`)
    seed += runs
    const { reported: _, ...concluded } = outcomes
    return took / sum(Object.values(concluded))
  }
}

/** The machine with actors that answer at once and do nothing. */
const idleMachine = (conclude: () => void) => {
  const answer = (verdict: Verdict | undefined) => fromPromise(async () => verdict)
  const done = answer({ kind: 'done' })
  const actors = {
    ...Object.fromEntries(Object.keys(reloadMachine.implementations.actors).map((name) => [name, done])),
    validateDocument: answer({ kind: 'valid', compensates: false }),
    rollBackModules: answer({ kind: 'done', degraded: [] }),
  }
  // What they are given is of no interest to them.
  return reloadMachine.provide({ actors: actors as unknown as Actors, actions: { conclude } })
}

/** The same of the bare machine: its actors answer at once and do nothing. */
const bare = (transactions: number) => async (): Promise<number> => {
  const clock = createVirtualClock()
  let concluded = 0
  const conclude = (): void => {
    concluded += 1
  }
  const actor = createActor(idleMachine(conclude), {
    clock,
    input: { soaks: false, confirms: false, persists: false },
  }).start()
  const started = processorMs()
  for (let order = 1; order <= transactions; order++) {
    actor.send({ type: 'source.changed', candidate: { revision: { lineage: 'l', order, name: String(order) } } })
    await clock.advance(1)
  }
  const took = processorMs() - started
  actor.stop()
  if (concluded !== transactions) throw new Error(`${concluded} of ${transactions} transactions`)
  return took / transactions
}

export const figure: Figure = {
  title: 'transactions of seeded simulated histories, by processor time',
  floor: 'the same machine with actors that do nothing',
  run: async (scale) => {
    const [rounds, runs, transactions] = scale === 'full' ? [21, 20, 2_000] : [1, 2, 50]
    const paired = await pairs(simulated(runs), bare(transactions), { rounds, warmup: Math.min(3, rounds) })
    const perSecond = 1e3 / paired.ours
    return [
      {
        name: 'transactions',
        unit: 'a second on one core',
        value: perSecond,
        floor: 1e3 / paired.floor,
        ratio: paired.ratio,
        goal: '≥ 6,000 a second; ≤ 1.5×',
        isMet: perSecond >= 6_000 && paired.ratio <= 1.5,
        note: spreadOf(paired),
      },
    ]
  },
}
