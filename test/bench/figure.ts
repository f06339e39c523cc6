/** How much is measured: `full` for figures to quote, `smoke` only to see that each still runs. */
export type Scale = 'full' | 'smoke'

/** One line of the table. */
export interface Measure {
  /** What of the figure this is: `p50`, `1 kB document`. */
  readonly name: string
  readonly unit: string
  readonly value: number
  /** The same of the floor, in the same run. */
  readonly floor?: number
  /** Ours over the floor's; the median of the rounds' own ratios, so not always `value / floor`. */
  readonly ratio?: number
  /** What it should be, in words. Absent for what is only told. */
  readonly goal?: string
  /** Absent if there is no goal. */
  readonly isMet?: boolean
  /** A fact without which the number says little: a rate, a spread, a count. */
  readonly note?: string
}

/** One figure of the table: it measures itself and its floor side by side. */
export interface Figure {
  /** What is measured. */
  readonly title: string
  /** What it is held against. */
  readonly floor: string
  /** Measures; what it yields is shown at once. */
  readonly run: (scale: Scale) => Promise<readonly Measure[]> | AsyncIterable<Measure>
}

/** What the process of a figure sends, one message for each measure. */
export interface FigureMessage {
  readonly title: string
  readonly floor: string
  readonly measure: Measure
}

/** A figure as it was measured. */
export interface Measured {
  readonly figure: string
  readonly title: string
  readonly floor: string
  readonly measures: readonly Measure[]
}

/** A ratio that must not be above `limit`; below it, a limit on what is added is enough for the other half of a goal. */
export const atMost = (ratio: number, limit: number): Pick<Measure, 'ratio' | 'goal' | 'isMet'> => ({
  ratio,
  goal: `≤ ${limit}×`,
  isMet: ratio <= limit,
})
