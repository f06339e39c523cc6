import { median } from './stats.ts'

/** Takes one sample of something: milliseconds, nanoseconds, whatever, but the same for both sides. */
export type Sampler = () => Promise<number> | number

export interface Paired {
  readonly ours: number
  readonly floor: number
  /** The median of the rounds' own ratios: what drifts from round to round, a machine's speed, is then out of it. */
  readonly ratio: number
  /** The rounds' ratios, the middle half of them. */
  readonly spread: readonly [number, number]
  /** The median of what ours took more, round by round. */
  readonly added: number
  /** The best round of ours. */
  readonly fastest: number
}

export interface PairOptions {
  readonly rounds: number
  /** Rounds before, which do not count: code is compiled, caches fill. */
  readonly warmup: number
}

/**
 * Samples ours and the floor in turn: A B, then B A, so that neither always comes after the other. No garbage is collected
 * in between: collections that are asked for age the code until the engine throws it away, and all is slow then.
 */
export const pairs = async (ours: Sampler, floor: Sampler, options: PairOptions): Promise<Paired> => {
  const { rounds, warmup } = options
  const samples: { ours: number; floor: number }[] = []
  for (let round = -warmup; round < rounds; round++) {
    const first = round % 2 === 0
    const a = first ? await ours() : undefined
    const floorTook = await floor()
    const oursTook = a ?? (await ours())
    if (round >= 0) samples.push({ ours: oursTook, floor: floorTook })
  }
  const ratios = samples.map((sample) => sample.ours / sample.floor).sort((a, b) => a - b)
  return {
    ours: median(samples.map((sample) => sample.ours)),
    floor: median(samples.map((sample) => sample.floor)),
    ratio: median(ratios),
    spread: [ratios[Math.floor(ratios.length / 4)] ?? 0, ratios[Math.floor((ratios.length * 3) / 4)] ?? 0],
    added: median(samples.map((sample) => sample.ours - sample.floor)),
    fastest: Math.min(...samples.map((sample) => sample.ours)),
  }
}

/** A full collection. Figures run with `--expose-gc`. */
export const collectGarbage = (): void => {
  if (globalThis.gc === undefined) throw new Error('Figures run in a process with --expose-gc')
  globalThis.gc()
}

/** What several pairs of processes have measured together. The spread is from the lowest ratio to the highest. */
export const together = (samples: readonly Paired[]): Paired => {
  const ratios = samples.map(({ ratio }) => ratio).sort((a, b) => a - b)
  return {
    ours: median(samples.map(({ ours }) => ours)),
    floor: median(samples.map(({ floor }) => floor)),
    ratio: median(ratios),
    spread: [ratios[0] ?? 0, ratios.at(-1) ?? 0],
    added: median(samples.map(({ added }) => added)),
    fastest: Math.min(...samples.map(({ fastest }) => fastest)),
  }
}

/** How far apart the rounds were, or the processes, for a note. */
export const spreadOf = ({ spread: [low, high] }: Paired, of = 'rounds'): string =>
  `${of} ${low.toFixed(2)}–${high.toFixed(2)}×`

/** What ours took more, of milliseconds, and how far apart the rounds were, for a note. */
export const addedOf = (paired: Paired): string =>
  `${paired.added < 0 ? '' : '+'}${(paired.added * 1_000).toFixed(0)} µs; ${spreadOf(paired)}`
