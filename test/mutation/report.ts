import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readArchitecture, readFolders } from './folders.ts'
import { findKnown, readEquivalent, readFixed, readResults, type Result, type Verdict } from './known.ts'

const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const readme = new URL('./README.md', import.meta.url)
const [START, END] = ['<!-- generated: npm run test:mutation -->', '<!-- end -->']

const code = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``

const count = (results: readonly Result[], verdict: Verdict): number =>
  results.filter((result) => result.verdict === verdict).length

const table = (): readonly string[] => {
  const all = readResults()
  const rows = readFolders(readArchitecture(project)).flatMap(({ name }) => {
    const results = all[name]
    return results === undefined ? [] : [[name, results] as const]
  })
  const cells = (name: string, results: readonly Result[]): string =>
    `| ${name} | ${results.length} | ${count(results, 'killed')} | ${count(results, 'equivalent')} | ${count(results, 'survived')} |`
  return [
    '| Folder | Mutants | Killed | Equivalent | Survived |',
    '|---|---:|---:|---:|---:|',
    ...rows.map(([name, results]) => cells(`\`${name}\``, results)),
    cells(
      'All',
      rows.flatMap(([, results]) => results),
    ),
  ]
}

const survivors = (): readonly string[] => {
  const left = Object.values(readResults()).flatMap((results) =>
    results.filter(({ verdict }) => verdict === 'survived'),
  )
  if (left.length === 0) return []
  const rows = left.map(({ file, kind, before, after }) => `- \`${file}\`, ${kind}: ${code(before)} → ${code(after)}`)
  return ['', 'These survive:', '', ...rows]
}

/** What survived once: with the test that kills it now. */
const fixed = (): readonly string[] => {
  const rows = readFixed().map(
    ({ file, before, after, why }) => `- \`${file}\`: ${code(before)} → ${code(after)}. Killed by ${why}`,
  )
  return rows.length === 0 ? [] : ['', 'These survived until a test was written for each:', '', ...rows]
}

const equivalent = (): readonly string[] => {
  const met = Object.values(readResults()).flat()
  const rows = readEquivalent()
    .filter((known) => met.some((result) => findKnown([known], result) !== undefined))
    .map(({ file, before, after, why }) => `- \`${file}\`: ${code(before)} → ${code(after)}. ${why}`)
  return rows.length === 0 ? [] : ['', 'These change nothing that a test could see:', '', ...rows]
}

/** Writes what the runs have found into the README of this folder. */
export const writeReport = (): void => {
  const text = readFileSync(readme, 'utf8')
  const [before = '', rest = ''] = text.split(START)
  const after = rest.split(END)[1] ?? ''
  const lines = [...table(), ...survivors(), ...fixed(), ...equivalent()]
  writeFileSync(readme, `${before}${START}\n\n${lines.join('\n')}\n\n${END}${after}`)
}
