import { type OptionRow, optionTable } from '../../src/api/option-table.ts'
import { readPage } from './pages.ts'

/** What an interface says of one of its members. */
interface Member {
  readonly type: string
  readonly meaning: string
}

type Members = ReadonlyMap<string, Member>

const interfacePattern = /^export interface (\w+)(?:<\w+>)?(?: extends (\w+))? \{\n(.*?)^\}/gms
const memberPattern = /^ {2}\/\*\*(.*?)\*\/\n {2}readonly (\w+)\??: (.*?)(?=\n {2}\/\*\*|\n*$(?![\s\S]))/gms

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

/** The sentence of a JSDoc comment, without its tags: the table has a column for the default. */
const sentenceOf = (comment: string): string =>
  oneLine(comment.replace(/^\s*\* ?/gm, ' '))
    .replace(/ ?@default.*$/, '')
    .replaceAll('|', '\\|')

const plainType = (type: string): string =>
  oneLine(type)
    .replaceAll('readonly ', '')
    .replace(/DeepReadonly<(\w+)>/g, '$1')
    .replace(/\( /g, '(')
    .replace(/,? \)/g, ')')
    .replaceAll('|', '\\|')

/** Reads the interfaces of the options with their comments. */
const readInterfaces = (source: string): ReadonlyMap<string, Members> => {
  const interfaces = new Map<string, Members>()
  for (const [, name = '', base = '', body = ''] of source.matchAll(interfacePattern)) {
    const own = [...body.matchAll(memberPattern)].map(
      ([, comment = '', member = '', type = '']) =>
        [member, { type: plainType(type), meaning: sentenceOf(comment) }] as const,
    )
    interfaces.set(name, new Map([...(interfaces.get(base) ?? []), ...own]))
  }
  return interfaces
}

const shownDefault = (row: OptionRow): string =>
  typeof row.default === 'number' ? row.default.toLocaleString('en-US') : row.default

/** Makes the table of all options from their rows and from the comments of their interfaces. */
export const optionLines = (): string => {
  const interfaces = readInterfaces(readPage('src/api/options.ts'))
  const top = interfaces.get('ReloaderOptions') ?? new Map()
  const memberOf = (option: string): Member => {
    const [group = '', name] = option.split('.')
    const type = top.get(group)?.type ?? ''
    const holder = [...interfaces].find(([one]) => new RegExp(`\\b${one}\\b`).test(type))?.[1]
    const member = name === undefined ? top.get(group) : holder?.get(name)
    if (member === undefined) throw new Error(`src/api/options.ts does not declare ${option}`)
    return member
  }
  const rows: readonly (readonly [string, OptionRow])[] = Object.entries(optionTable)
  return [
    '| Option | Type | Default | Unit | Meaning |',
    '|---|---|---|---|---|',
    ...rows.map(([option, row]) => {
      const { type, meaning } = memberOf(option)
      return `| \`${option}\` | \`${type}\` | ${shownDefault(row)} | ${row.unit ?? ''} | ${meaning} |`
    }),
  ].join('\n')
}
