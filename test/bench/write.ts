import { readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { blockOf, withBlock } from '../docs/markdown.ts'
import { pagePath } from '../docs/pages.ts'
import type { Measured } from './figure.ts'
import { markdownTable, smallTable } from './table.ts'

/** The last figures, and where they were measured. */
export interface Stored {
  readonly machine: string
  readonly node: string
  /** The day, by UTC. */
  readonly date: string
  readonly figures: readonly Measured[]
}

const storedPath = new URL('figures.json', import.meta.url)
export const benchReadmePath = new URL('README.md', import.meta.url)

/** One run for each major version of Node, the oldest first. */
export const readStored = async (): Promise<readonly Stored[]> =>
  JSON.parse(await readFile(storedPath, 'utf8').catch(() => '[]'))

const machine = (): string => {
  const all = cpus()
  return `${all[0]?.model.trim() ?? process.arch}, ${all.length} cores, ${process.platform}`
}

const where = ({ machine: on, node, date }: Stored): string => `Measured on ${on}; Node ${node}; ${date}.`

/** What stands between the markers of `test/bench/README.md`. */
export const benchBlock = (stored: readonly Stored[]): string =>
  stored.map((run) => `${where(run)}\n\n${markdownTable(run.figures)}`).join('\n\n')

/** The Nodes that have a table of their own in `docs/performance.md`. */
const shownMajors = new Set([20, 24])

/** What stands between the markers of `docs/performance.md`: two tables, and a line for each other Node. */
export const performanceBlock = (stored: readonly Stored[]): string =>
  stored.map((run) => (shownMajors.has(majorOf(run)) ? tableBlock(run) : summaryOf(run))).join('\n\n')

const tableBlock = (run: Stored): string => `${smallTable(run.figures)}\n\n${where(run)}`

const summaryOf = (run: Stored): string => {
  const judged = run.figures.flatMap(({ figure, measures }) =>
    measures.flatMap(({ name, isMet }) => (isMet === undefined ? [] : [{ name: `${figure} (${name})`, isMet }])),
  )
  const missed = judged.filter(({ isMet }) => !isMet).map(({ name }) => name)
  const met = `${judged.length - missed.length} of ${judged.length} goals met`
  return `${where(run)} ${met}${missed.length === 0 ? '.' : `; missed: ${missed.join(', ')}.`}`
}

const rewrite = async (path: string | URL, name: string, content: string): Promise<void> => {
  const text = await readFile(path, 'utf8')
  blockOf(text, name) // throws if there is none
  await writeFile(path, withBlock(text, name, content))
}

const majorOf = ({ node }: Pick<Stored, 'node'>): number => Number.parseInt(node, 10)

/** Keeps the figures of a whole run in place of an earlier one on the same Node, and renders both pages from them. */
export const store = async (measured: readonly Measured[], node: string): Promise<void> => {
  const run: Stored = { machine: machine(), node, date: new Date().toISOString().slice(0, 10), figures: measured }
  const others = (await readStored()).filter((other) => majorOf(other) !== majorOf(run))
  const stored = [...others, run].sort((one, other) => majorOf(one) - majorOf(other))
  await writeFile(storedPath, `${JSON.stringify(stored, null, 2)}\n`)
  await rewrite(benchReadmePath, 'figures', benchBlock(stored))
  await rewrite(pagePath('docs/performance.md'), 'bench', performanceBlock(stored))
}
