import { createVirtualClock, replay, type Scenario, simulate, type Subject } from 'changeover/testing'
import fc from 'fast-check'
import { z } from 'zod'
import type { Figure, Measure } from '../figure.ts'
import { startIdleMachines } from '../idle-machines.ts'
import { pairs, spreadOf } from '../pairs.ts'
import { processorMs } from '../processor.ts'
import { median } from '../stats.ts'

const Slice = z.object({ v: z.number() })
const Config = z.object({ a: Slice, b: Slice, c: Slice })
type Config = z.infer<typeof Config>

const trivial = () => ({ prepare: (slice: z.infer<typeof Slice>) => ({ instance: slice.v }) })

/** Three modules that do nothing, one after the other. */
const subject: Subject<Config> = {
  schema: Config,
  modules: (reloader) =>
    reloader
      .use('a', ({ a }) => a, trivial())
      .use('b', ({ b }) => b, trivial(), { after: ['a'] })
      .use('c', ({ c }) => c, trivial(), { after: ['b'] }),
}

const documentOf = (version: number): Config => ({ a: { v: version }, b: { v: version }, c: { v: version } })

/** Longer than what the admission takes for a burst. */
const SPACING_MS = 50

/** One history in which a change follows the other, and every invariant is asked after each. */
const historyOf = (seed: number, changes: number): Scenario => ({
  version: 1,
  seed,
  start: documentOf(0),
  last: documentOf(-1),
  pauseMs: SPACING_MS,
  faults: [],
  steps: Array.from({ length: changes }, (_, index) => ({ do: 'put', document: documentOf(index + 1) })),
})

/** Milliseconds of processor time a transaction. */
const played = (changes: number) => {
  let seed = 0
  return async (): Promise<number> => {
    seed += 1
    const history = historyOf(seed, changes)
    const started = processorMs()
    const { outcomes } = await replay(history, subject)
    const took = processorMs() - started
    // The start, the changes, and the last document, by which every history is ended.
    if (outcomes.committed !== changes + 2) throw new Error(`${outcomes.committed} of ${changes} transactions`)
    return took / (changes + 2)
  }
}

/** The same of the bare machines. */
const bare = (transactions: number) => async (): Promise<number> => {
  const clock = createVirtualClock()
  const machines = startIdleMachines({ kind: 'valid' }, { clock })
  const started = processorMs()
  for (let count = 0; count < transactions; count++) {
    machines.change()
    await clock.advance(SPACING_MS)
  }
  const took = processorMs() - started
  machines.stop()
  if (machines.concluded() !== transactions) throw new Error(`${machines.concluded()} of ${transactions} transactions`)
  return took / transactions
}

const slices = fc.record({ v: fc.nat(5) })
const documents = fc.record({ a: slices, b: slices, c: slices })

/** What a user of `simulate` waits for: whole random histories, with faults, restarts and an end in a healed world. */
const histories = async (rounds: number, runs: number): Promise<Measure> => {
  const perSecond: number[] = []
  let transactions = 0
  for (let seed = 0; seed <= rounds; seed++) {
    const started = processorMs()
    const report = await simulate({ ...subject, documents, runs, seed })
    if (seed === 0) continue // warm-up
    perSecond.push((runs * 1e3) / (processorMs() - started))
    transactions += report.transactions
  }
  const each = (transactions / (rounds * runs)).toFixed(1)
  const note = `${each} transactions, and more than one process, in each`
  return { name: 'random histories', unit: 'a second on one core', value: median(perSecond), note }
}

export const figure: Figure = {
  title: 'simulated transactions, by processor time',
  floor: 'the same machines with actors that do nothing',
  run: async (scale) => {
    const [rounds, warmup, changes, runs] = scale === 'full' ? [15, 3, 1_000, 200] : [1, 0, 50, 40]
    const paired = await pairs(played(changes), bare(changes), { rounds, warmup })
    // An absolute number: whatever else the machine does takes from it.
    const perSecond = 1e3 / paired.fastest
    return [
      {
        name: 'transactions',
        unit: 'a second on one core',
        value: perSecond,
        floor: 1e3 / paired.floor,
        ratio: paired.ratio,
        goal: '≥ 3,000 a second',
        isMet: perSecond >= 3_000,
        note: `the fastest of ${rounds} rounds, the median ${(1e3 / paired.ours).toFixed(0)}; ${spreadOf(paired)}`,
      },
      await histories(scale === 'full' ? 5 : 1, runs),
    ]
  },
}
