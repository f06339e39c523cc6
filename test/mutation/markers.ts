import type { Mutant } from './mutants.ts'

/** The text of a file with a marker at each of its mutants, named by their places in the list. */
export const withMarkers = (text: string, file: string, mutants: readonly Mutant[]): string => {
  const insertions = mutants.flatMap(({ file: own, reach }, index) => {
    if (own !== file) return []
    const { start, end, isStatement } = reach
    const mark = `globalThis.__reached?.(${index})`
    if (start === end) return [{ at: start, width: 0, code: ` ${mark};` }]
    // Wider ranges open first and close last. `void` keeps a statement from being a call of the line before it.
    return [
      { at: start, width: start - end, code: isStatement ? `void (${mark}, ` : `(${mark}, ` },
      { at: end, width: start - end, code: ')' },
    ]
  })
  return insertions
    .map((insertion, place) => ({ ...insertion, place }))
    .sort((one, other) => other.at - one.at || order(one, other))
    .reduce((marked, { at, code }) => marked.slice(0, at) + code + marked.slice(at), text)
}

interface Insertion {
  readonly width: number
  readonly code: string
  readonly place: number
}

/** Inserted later, it stands further to the left: closing parentheses before opening ones, wide openings leftmost. */
const order = (one: Insertion, other: Insertion): number => {
  const isClose = (insertion: Insertion): boolean => insertion.code === ')'
  if (isClose(one) !== isClose(other)) return isClose(one) ? 1 : -1
  return isClose(one) ? one.width - other.width : other.width - one.width
}
