import { diffOf } from '../../../model/data/diff.ts'
import { createVisibility } from '../../../model/visibility.ts'
import { shapeOf } from '../../../schema/schema-shape.ts'
import type { Subject } from '../scenario/subject.ts'

/** More differences are only counted. */
const MAX_SHOWN = 20

/**
 * Formats how the config that serves differs from the expected one, leaf by leaf. As in a record, only the values of public
 * paths are shown: a test may use documents of production.
 */
export const documentDiff = <Config>(expected: unknown, served: unknown, subject: Subject<Config>): string => {
  if (served === undefined) return 'no config serves'
  if (expected === null) return 'the schema rejects the expected document'
  const paths = (subject.options?.public ?? []) as readonly string[]
  const { input, output } = shapeOf(subject.schema)
  const visibility = createVisibility(paths, input, () => expected, output)
  const { differences, count } = diffOf(expected, served, visibility)
  const lines = differences.slice(0, MAX_SHOWN).map(({ path, change, from, to }) => {
    if (from === undefined && to === undefined) return `  ${path}: ${words[change]} (the values are not public)`
    return `  ${path}: ${words[change]}, ${text(from)} → ${text(to)}`
  })
  const more = count > lines.length ? [`  and ${count - lines.length} more`] : []
  return ['expected → served:', ...lines, ...more].join('\n')
}

const words = {
  added: 'is not expected',
  removed: 'is missing',
  changed: 'differs',
  reordered: 'has its keys in another order',
} as const

const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing'
