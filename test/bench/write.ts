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

export const readStored = async (): Promise<Stored | undefined> => {
  const text = await readFile(storedPath, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

const machine = (): string => {
  const all = cpus()
  return `${all[0]?.model.trim() ?? process.arch}, ${all.length} cores, ${process.platform}`
}

const where = ({ machine: on, node, date }: Stored): string => `Measured on ${on}; Node ${node}; ${date}.`

/** What stands between the markers of `test/bench/README.md`. */
export const benchBlock = (stored: Stored): string => `${where(stored)}\n\n${markdownTable(stored.figures)}`

/** What stands between the markers of `docs/performance.md`. */
export const performanceBlock = (stored: Stored): string => `${smallTable(stored.figures)}\n\n${where(stored)}`

const rewrite = async (path: string | URL, name: string, content: string): Promise<void> => {
  const text = await readFile(path, 'utf8')
  blockOf(text, name) // throws if there is none
  await writeFile(path, withBlock(text, name, content))
}

/** Keeps the figures of a whole run, and renders both pages from them. */
export const store = async (measured: readonly Measured[]): Promise<void> => {
  const stored: Stored = {
    machine: machine(),
    node: process.versions.node,
    date: new Date().toISOString().slice(0, 10),
    figures: measured,
  }
  await writeFile(storedPath, `${JSON.stringify(stored, null, 2)}\n`)
  await rewrite(benchReadmePath, 'figures', benchBlock(stored))
  await rewrite(pagePath('docs/performance.md'), 'bench', performanceBlock(stored))
}
