import { createVirtualClock, simulate } from 'changeover/testing'
import { documents, subject } from '../../simulation/subject.ts'
import type { Figure } from '../figure.ts'
import { startIdleMachines } from '../idle-machines.ts'
import { pairs, spreadOf } from '../pairs.ts'
import { processorMs } from '../processor.ts'

/** Milliseconds of processor time a transaction, of so many seeded histories. */
const simulated = (runs: number) => {
  let seed = 0
  return async (): Promise<number> => {
    seed += 1
    const started = processorMs()
    const { transactions } = await simulate({ ...subject, documents, runs, seed })
    return (processorMs() - started) / transactions
  }
}

/** The same of the bare machines. */
const bare = (transactions: number) => async (): Promise<number> => {
  const clock = createVirtualClock()
  const machines = startIdleMachines({ kind: 'valid', compensates: false }, clock)
  const started = processorMs()
  for (let count = 0; count < transactions; count++) {
    machines.change()
    await clock.advance(50) // no burst
  }
  const took = processorMs() - started
  machines.stop()
  if (machines.concluded() !== transactions) throw new Error(`${machines.concluded()} of ${transactions} transactions`)
  return took / transactions
}

export const figure: Figure = {
  title: 'transactions of seeded simulated histories, by processor time',
  floor: 'the same machines with actors that do nothing',
  run: async (scale) => {
    const [rounds, warmup, runs, transactions] = scale === 'full' ? [15, 2, 100, 2_000] : [1, 0, 40, 50]
    const paired = await pairs(simulated(runs), bare(transactions), { rounds, warmup })
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
