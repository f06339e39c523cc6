import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { codeTable } from '../../src/model/error-codes.ts'
import { metricTable } from '../../src/observe/metric-table.ts'
import { followTable } from './follow-table.ts'
import { referenceLabels } from './markdown.ts'
import { optionLines } from './option-table.ts'
import { readPage, root } from './pages.ts'
import { addressOf } from './project-address.ts'

/** A generated part of a page: what belongs between its markers. */
export interface GeneratedBlock {
  readonly page: string
  readonly block: string
  readonly content: string
}

/** Lists every generated part of the documentation that needs no measurement and no run. */
export const generatedBlocks = (): readonly GeneratedBlock[] => [
  { page: 'README.md', block: 'links', content: linkDefinitions('README.md') },
  { page: 'docs/reference/options.md', block: 'options', content: optionLines() },
  { page: 'docs/reference/errors.md', block: 'codes', content: codeTables() },
  { page: 'docs/reference/metrics.md', block: 'metrics', content: metricTableText() },
  { page: 'docs/guide/following.md', block: 'follows', content: followTable() },
  { page: 'docs/decisions/README.md', block: 'decisions', content: decisionList() },
]

/**
 * Defines each link of a page whose label is a path. A registry shows the page outside of the repository, so relative
 * links would lead nowhere.
 */
const linkDefinitions = (page: string): string =>
  [...new Set(referenceLabels(readPage(page)))]
    .sort()
    .map((path) => `[${path}]: ${addressOf(path)}`)
    .join('\n')

const sections: readonly { readonly title: string; readonly families: readonly string[] }[] = [
  { title: 'Source', families: ['source'] },
  { title: 'Document', families: ['document', 'config', 'schema', 'policy', 'restart'] },
  { title: 'Quarantine, crashes and confirmation', families: ['quarantined', 'attempt', 'confirm'] },
  { title: 'Modules', families: ['module', 'health', 'lease', 'listener'] },
  { title: 'Reloader', families: ['reloader', 'diagnostics', 'internal'] },
  { title: 'Secrets', families: ['secret'] },
  { title: 'Persistence', families: ['persistence'] },
  { title: 'Command and history', families: ['command', 'history'] },
  { title: 'Fleet', families: ['fleet'] },
  { title: 'Metrics', families: ['metrics'] },
  { title: 'Requests and frameworks', families: ['request', 'framework'] },
]

const familyOf = (code: string): string => code.split('.')[0] ?? code

const codeTables = (): string => {
  const codes = Object.entries(codeTable)
  const known = new Set(sections.flatMap(({ families }) => families))
  const homeless = codes.filter(([code]) => !known.has(familyOf(code)))
  if (homeless.length > 0) throw new Error(`Give these codes a section: ${homeless.map(([code]) => code).join(', ')}`)
  return sections.map((section) => sectionOf(section.title, section.families, codes)).join('\n\n')
}

const sectionOf = (
  title: string,
  families: readonly string[],
  codes: readonly (readonly [string, { readonly what: string; readonly hint: string; readonly serving?: string }])[],
): string =>
  [
    `## ${title}`,
    '',
    '| Code | What happened | What to do |',
    '|---|---|---|',
    ...codes
      .filter(([code]) => families.includes(familyOf(code)))
      .map(([code, { what, hint, serving = '' }]) => `| \`${code}\` | ${what} | ${`${hint} ${serving}`.trim()} |`),
  ].join('\n')

const metricTableText = (): string =>
  [
    '| Metric | Type | Labels | Meaning |',
    '|---|---|---|---|',
    ...Object.entries(metricTable).map(([name, { type, labels, help }]) => {
      const shown = labels.map((label) => `\`${label}\``).join(', ')
      return `| \`${name}\` | ${type} | ${shown} | ${help} |`
    }),
  ].join('\n')

const decisionList = (): string =>
  readdirSync(join(root, 'docs', 'decisions'))
    .filter((name) => /^\d{4}-/.test(name))
    .sort()
    .map((name) => {
      const title = /^# (.+)$/m.exec(readPage(`docs/decisions/${name}`))?.[1] ?? name
      return `- [${title}](${name})`
    })
    .join('\n')
