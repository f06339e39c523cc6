import type { Path } from '../../model/data/not-plain.ts'
import { type Span, spansOf } from './json-spans.ts'
import { NotEditable } from './not-editable.ts'

/** Sets a value in a JSON text, with or without comments. */
export const editJson = (text: string, path: Path, value: unknown): string => {
  let span = spansOf(text)
  for (const [depth, key] of path.entries()) {
    const next = span.members?.get(String(key)) ?? span.items?.[Number(key)]
    if (next === undefined) return withMember(text, span, path.slice(depth), value)
    span = next
  }
  const layout = { ...layoutOf(text), indent: indentAt(text, span.start) }
  return text.slice(0, span.start) + written(value, layout) + text.slice(span.end)
}

/** Adds what is missing to the deepest container that is there. */
const withMember = (text: string, container: Span, [key, ...rest]: Path, value: unknown): string => {
  const { members, items, start, end } = container
  const missing = rest.reduceRight((inner: unknown, name) => ({ [name]: inner }), value)
  const children = members === undefined ? items : [...members.values()]
  if (children === undefined) throw new NotEditable('a value lies on the way that holds no others')
  if (items !== undefined && Number(key) !== items.length) throw new NotEditable('the list has no such place')
  const { unit, lineBreak } = layoutOf(text)
  const last = children.at(-1)
  const isSpread = last === undefined ? unit !== '' : /[\r\n]/.test(text.slice(start, last.start))
  const outer = indentAt(text, start)
  const indent = last === undefined ? `${outer}${unit}` : indentAt(text, last.start)
  const name = items === undefined ? `${JSON.stringify(String(key))}: ` : ''
  const member = name + written(missing, { unit: isSpread ? unit : '', lineBreak, indent })
  if (last === undefined) {
    const inner = isSpread ? `${lineBreak}${indent}${member}${lineBreak}${outer}` : ` ${member} `
    return `${text.slice(0, start + 1)}${inner}${text.slice(end - 1)}`
  }
  if (!isSpread) return `${text.slice(0, last.end)}, ${member}${text.slice(last.end)}`
  // A comment behind the last member stays on its line; so does a comma that is there already.
  const [behind = ''] =
    /^[ \t]*,?[ \t]*(?:\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/[ \t]*)?(?=[\r\n])/.exec(text.slice(last.end)) ?? []
  const hasComma = /^[ \t]*,/.test(behind)
  const at = last.end + behind.length
  const comma = hasComma ? '' : ','
  return `${text.slice(0, last.end)}${comma}${behind}${lineBreak}${indent}${member}${hasComma ? ',' : ''}${text.slice(at)}`
}

interface Layout {
  /** What each level is indented with; empty if all stands on one line. */
  readonly unit: string
  readonly lineBreak: string
  /** The spaces before the line on which the value begins. */
  readonly indent: string
}

/** The text of a value, as the rest of the text is written. */
const written = (value: unknown, { unit, lineBreak, indent }: Layout): string =>
  JSON.stringify(value, undefined, unit).replaceAll('\n', `${lineBreak}${indent}`)

/** The spaces before the first character of the line. */
const indentAt = (text: string, offset: number): string =>
  /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? ''

/** A text of several lines is indented as its first member is. */
const layoutOf = (text: string): Omit<Layout, 'indent'> => ({
  unit: /[\r\n]/.test(text) ? (/[\r\n]([ \t]+)\S/.exec(text)?.[1] ?? '  ') : '',
  lineBreak: text.includes('\r\n') ? '\r\n' : '\n',
})
