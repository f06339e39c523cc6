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
  const unit = indentUnit(text)
  return text.slice(0, span.start) + written(value, unit, indentAt(text, span.start)) + text.slice(span.end)
}

/** Adds what is missing to the deepest container that is there. */
const withMember = (text: string, container: Span, [key, ...rest]: Path, value: unknown): string => {
  const { members, items, start, end } = container
  const missing = rest.reduceRight((inner: unknown, name) => ({ [name]: inner }), value)
  const children = members === undefined ? items : [...members.values()]
  if (children === undefined) throw new NotEditable('a value lies on the way that holds no others')
  if (items !== undefined && Number(key) !== items.length) throw new NotEditable('the list has no such place')
  const unit = indentUnit(text)
  const last = children.at(-1)
  const isSpread = /[\r\n]/.test(text.slice(start, last?.start ?? end))
  const outer = indentAt(text, start)
  const indent = isSpread && last !== undefined ? indentAt(text, last.start) : `${outer}${unit}`
  const name = items === undefined ? `${JSON.stringify(String(key))}: ` : ''
  const member = name + written(missing, unit, isSpread ? indent : outer)
  const lineBreak = text.includes('\r\n') ? '\r\n' : '\n'
  if (last === undefined) {
    const inner = isSpread || text.includes('\n') ? `${lineBreak}${indent}${member}${lineBreak}${outer}` : ` ${member} `
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

/** The text of a value, with the indentation of its line. */
const written = (value: unknown, unit: string, indent: string): string =>
  JSON.stringify(value, undefined, unit).replace(/\n/g, `\n${indent}`)

/** The spaces before the first character of the line. */
const indentAt = (text: string, offset: number): string =>
  /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? ''

/** What the text indents its first member with. */
const indentUnit = (text: string): string => /[\r\n]([ \t]+)\S/.exec(text)?.[1] ?? '  '
