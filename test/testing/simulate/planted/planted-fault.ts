/** One replacement in one source file, which must hold `find` exactly once. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A defect that could have been written. */
export interface PlantedFault {
  readonly name: string
  /** What a service would suffer. */
  readonly what: string
  readonly edits: readonly [Edit, ...Edit[]]
}

/** Makes a planted fault. */
export const fault = (name: string, what: string, ...edits: [Edit, ...Edit[]]): PlantedFault => ({ name, what, edits })

/** Makes an edit. */
export const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace })
