import type { Diff, Difference } from '../../model/data/diff.ts'
import type { Colours } from './colours.ts'

const LONGEST_VALUE = 120

/** Shows the differences, one on a line. Values that may not be shown are left out. */
export const showDiff = ({ differences, count }: Diff, colours: Colours): string => {
  const lines = differences.map((difference) => showDifference(difference, colours))
  const left = count - differences.length
  return [...lines, ...(left === 0 ? [] : [`  … and ${left} more`])].join('\n')
}

const showDifference = (difference: Difference, { added, removed, changed, faint }: Colours): string => {
  const { path, change } = difference
  const values = showValues(difference)
  const shown = values === '' ? '' : `  ${faint(values)}`
  if (change === 'added') return `${added(`  + ${path}`)}${shown}`
  if (change === 'removed') return `${removed(`  - ${path}`)}${shown}`
  if (change === 'reordered') return `${changed(`  ~ ${path}`)}  ${faint('keys in another order')}`
  return `${changed(`  ~ ${path}`)}${shown}`
}

const showValues = ({ from, to, change }: Difference): string => {
  const [before, after] = [valueText(from), valueText(to)]
  if (change === 'changed' && before !== '' && after !== '') return `${before} → ${after}`
  return change === 'added' ? after : change === 'removed' ? before : ''
}

/** A value on one line. */
export const valueText = (value: unknown): string => {
  if (value === undefined) return ''
  const text = typeof value === 'bigint' ? `${value}` : JSON.stringify(value)
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}
