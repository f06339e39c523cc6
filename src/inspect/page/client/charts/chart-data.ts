/** Left, top, width, height. */
export type Box = readonly [x: number, y: number, width: number, height: number]

type Point = readonly [x: number, y: number]

export interface PlacedState {
  /** As XState names it: `reload.applying.preparing`. */
  readonly id: string
  readonly name: string
  /** `any` stands for the source of what holds in every state. */
  readonly kind: 'atomic' | 'compound' | 'final' | 'history' | 'any'
  /** True where its parent begins in it. */
  readonly initial: boolean
  /** The actors that it runs. */
  readonly runs?: string
  readonly box: Box
}

/** What stands beside an arrow: one transition, or some that read alike. */
export interface PlacedLine {
  /** `source event index` of each. */
  readonly keys: readonly string[]
  /** Broken to fit. */
  readonly text: readonly string[]
}

/** All transitions that lead from one state to another. */
export interface PlacedArrow {
  readonly from: string
  readonly to: string
  readonly lines: readonly PlacedLine[]
  readonly label: Box
  readonly routes: readonly (readonly Point[])[]
}

/** One statechart, laid out. */
export interface Chart {
  readonly id: string
  readonly size: readonly [width: number, height: number]
  /** The outer ones before the inner ones. */
  readonly states: readonly PlacedState[]
  readonly arrows: readonly PlacedArrow[]
}

/** Sizes that the layout reckons with and the drawing keeps to: fixed-width letters and the air around them. */
export const NAME = { font: 13, letter: 7.9, line: 18, padX: 14, padY: 9 } as const
export const LABEL = { font: 10.5, letter: 6.4, line: 14, padX: 6, padY: 3, indent: 10 } as const
