import { fileURLToPath } from 'node:url'

export const readmePath = fileURLToPath(new URL('../../README.md', import.meta.url))

const markers = (name: string) => [`<!-- ${name}:start -->\n`, `<!-- ${name}:end -->`] as const

/** What stands between the markers of a generated block. */
export const blockOf = (text: string, name: string): string => {
  const [start, end] = markers(name)
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`There is no block ${name}`)
  return text.slice(from + start.length, to).trim()
}

/** The text with another content between the markers. */
export const withBlock = (text: string, name: string, content: string): string => {
  const [start, end] = markers(name)
  const from = text.indexOf(start) + start.length
  return `${text.slice(0, from)}${content}\n${text.slice(text.indexOf(end))}`
}

/** The fenced code blocks of a language. */
export const codeBlocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)
