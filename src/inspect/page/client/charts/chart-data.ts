/** Left, top, width, height. */
export type Box = readonly [x: number, y: number, width: number, height: number]

export type Point = readonly [x: number, y: number]

export interface PlacedState {
  /** XState's id: `reload.applying.preparing`. */
  readonly id: string
  readonly name: string
  /** `any` is the source of the transitions that apply in every state. */
  readonly kind: 'atomic' | 'compound' | 'final' | 'history' | 'any'
  /** Whether its parent starts in it. */
  readonly initial: boolean
  /** The actors that it runs. */
  readonly runs?: string
  readonly box: Box
}

/** One line of an arrow's label: a transition, or several with the same text. */
export interface PlacedLine {
  /** `source event index` of each transition. */
  readonly keys: readonly string[]
  /** Wrapped to fit. */
  readonly text: readonly string[]
}

/** All transitions from one state to another. */
export interface PlacedArrow {
  readonly from: string
  readonly to: string
  readonly lines: readonly PlacedLine[]
  readonly label: Box
  readonly routes: readonly (readonly Point[])[]
}

/** One statechart with its layout. */
export interface Chart {
  readonly id: string
  readonly size: readonly [width: number, height: number]
  /** A parent precedes its children. */
  readonly states: readonly PlacedState[]
  readonly arrows: readonly PlacedArrow[]
}

/** Text sizes and paddings that the layout assumes and the drawing uses, for fixed-width letters. */
export const NAME = { font: 13, letter: 7.9, line: 18, padX: 14, padY: 9 } as const
export const LABEL = { font: 10.5, letter: 6.4, line: 14, padX: 6, padY: 3, indent: 10 } as const
