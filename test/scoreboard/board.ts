/** The stored evidence, and the tables that are made of it. */

export const faults = [
  'throwing listener',
  'hanging listener',
  'malformed document',
  'deleted key or file',
  'two keys changed together',
  'burst of 1,000 changes',
  'every connection reset',
  'outage and compaction, or its like',
  'one failed fetch after a notification',
  'cold start with the server down',
] as const

/** How a cell can fail; each word is explained in the rules. */
export type Word = 'ended' | 'blocked' | 'mixed' | 'emptied' | 'backwards' | 'storm' | 'lost'

export interface Cell {
  readonly verdict: 'passed' | 'failed' | 'does not apply'
  /** In short what failed first. */
  readonly word?: Word
  /** A figure worth a place in the table. */
  readonly figure?: string
  /** One line of what was seen. */
  readonly why: string
}

export interface Row {
  readonly id: string
  readonly title: string
  readonly package: string
  readonly version: string
  /** What its config was in. */
  readonly store: string
  /** One for each of the faults, in their order. */
  readonly cells: readonly Cell[]
}

export interface Evidence {
  readonly node: string
  readonly etcd: string
  readonly rows: readonly Row[]
}

const mark = ({ verdict, word, figure }: Cell): string => {
  if (verdict === 'does not apply') return '—'
  const text = verdict === 'passed' ? '✓' : `✗ ${word}`
  return figure === undefined ? text : `${text}, ${figure}`
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** The table: a line for each fault, a column for each peer. */
export const scoreTable = ({ rows }: Evidence): string => {
  const passed = rows.map(({ cells }) => {
    const applicable = cells.filter(({ verdict }) => verdict !== 'does not apply')
    return `**${applicable.filter(({ verdict }) => verdict === 'passed').length} of ${applicable.length}**`
  })
  return [
    line(['Fault', ...rows.map(({ title, version }) => `${title} ${version}`)]),
    line(['---', ...rows.map(() => '---')]),
    ...faults.map((fault, index) =>
      line([`${index + 1} ${fault}`, ...rows.map(({ cells }) => (cells[index] ? mark(cells[index]) : '?'))]),
    ),
    line(['**passed**', ...passed]),
  ].join('\n')
}

/** Every cell with what was seen, peer by peer. */
export const evidenceText = (evidence: Evidence): string =>
  [
    `Seen with Node ${evidence.node} and etcd ${evidence.etcd}.`,
    ...evidence.rows.map((row) =>
      [
        `### ${row.title}`,
        '',
        `\`${row.package}\` ${row.version} with ${row.store}.`,
        '',
        line(['Fault', 'Verdict', 'What was seen']),
        line(['---', '---', '---']),
        ...row.cells.map((cell, index) => line([`${index + 1} ${faults[index]}`, mark(cell), cell.why])),
      ].join('\n'),
    ),
  ].join('\n\n')
