import type { Measure, Measured } from './figure.ts'

/** Three digits that matter; whole numbers in thousands. */
const shown = (value: number): string => {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}

const ratioOf = ({ ratio }: Measure): string => (ratio === undefined ? '–' : `${ratio.toFixed(2)}×`)

const verdictOf = ({ isMet }: Measure): string => (isMet === undefined ? '–' : isMet ? 'met' : 'MISSED')

const cellsOf = (figure: string, measure: Measure): readonly string[] => [
  figure,
  measure.name,
  `${shown(measure.value)} ${measure.unit}`.trim(),
  measure.floor === undefined ? '–' : `${shown(measure.floor)} ${measure.unit}`.trim(),
  ratioOf(measure),
  measure.goal ?? '–',
  verdictOf(measure),
  measure.note ?? '',
]

const head = ['figure', 'measure', 'ours', 'floor', 'ratio', 'goal', '', 'note'] as const

const rowsOf = (measured: readonly Measured[]): readonly (readonly string[])[] =>
  measured.flatMap(({ figure, measures }) => measures.map((measure) => cellsOf(figure, measure)))

/** One measure, as soon as it is known. */
export const lineOf = (figure: string, measure: Measure): string => cellsOf(figure, measure).filter(Boolean).join('  ')

/** For a terminal. */
export const tableOf = (measured: readonly Measured[]): string => {
  const rows = [head, ...rowsOf(measured)]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const markdown = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')

/** With all that was measured, for the folder's own README. */
export const markdownTable = (measured: readonly Measured[]): string =>
  markdown([head, head.map(() => '---'), ...rowsOf(measured)])

/** The measures that have a goal, in words, for the project's README. */
export const smallTable = (measured: readonly Measured[]): string =>
  markdown([
    ['figure', 'ours', 'floor in the same run', 'goal', ''],
    ['---', '---', '---', '---', '---'],
    ...measured.flatMap(({ figure, title, floor, measures }) =>
      measures
        .filter(({ goal }) => goal !== undefined)
        .map((measure, index) => {
          const [, name = '', ours = '', floorCell = '', ratio = '', goal = '', verdict = ''] = cellsOf(figure, measure)
          const against = floorCell === '–' ? '–' : `${floorCell} (${ratio})`
          const what =
            index === 0 ? `**${figure}**: ${title}${floor === '' ? '' : `; floor: ${floor}`}<br>${name}` : name
          return [what, ours, against, goal, verdict === 'met' ? '✓' : '✗']
        }),
    ),
  ])
