import type { Document, ReadResult } from '../../api/source.ts'

/** A layer at one moment. */
export interface LayerReading {
  readonly name: string
  readonly kind: string
  readonly isOptional: boolean
  /** What was found last; undefined before the first read. */
  readonly result: ReadResult | undefined
}

/** A layer that takes part in the merge. */
export interface LayerDocument extends LayerReading {
  readonly result: Document
}
