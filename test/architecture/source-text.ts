/** One import or re-export in a source text. */
export interface Import {
  readonly specifier: string
  /** True for `import type` and `export type`: nothing of it is left at run time. */
  readonly typeOnly: boolean
}

/** A text with parts masked; every line keeps its place. */
export interface MaskedText {
  /** Without comments. */
  readonly code: string
  /** Without comments, and without what is in strings, templates and regular expressions. */
  readonly bare: string
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

const stringAt = /(['"])(?:\\[\s\S]|(?!\1)[^\\\n])*\1/y
const regexAt = /\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y
const lineCommentAt = /\/\/[^\n]*/y
const blockCommentAt = /\/\*[\s\S]*?\*\//y
const templatePartAt = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*/y
// A slash after one of these starts a regular expression; after anything else it divides.
const beforeRegex = /(?:^|[-+*%=<>!&|?:;,({[}~^]|\b(?:return|typeof|case|in|of|do|else|void|throw|await|yield))\s*$/

const match = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** Masks a text without a compiler: strings, templates, regular expressions and comments are told apart, no more. */
export const mask = (text: string): MaskedText => {
  let code = ''
  let bare = ''
  let at = 0
  const depths: number[] = [] // of braces in each `${` that is open
  const take = (taken: string, inCode: string, inBare: string): void => {
    code += inCode
    bare += inBare
    at += taken.length
  }
  const takeTemplatePart = (): void => {
    const part = match(templatePartAt, text, at) ?? ''
    take(part, part, blank(part))
    const end = text.startsWith('${', at) ? '${' : text.slice(at, at + 1)
    if (end === '${') depths.push(0)
    take(end, end, end)
  }
  while (at < text.length) {
    const comment = match(lineCommentAt, text, at) ?? match(blockCommentAt, text, at)
    const string = match(stringAt, text, at)
    const regex = beforeRegex.test(bare.slice(-40)) ? match(regexAt, text, at) : undefined
    const char = text.charAt(at)
    const open = depths.at(-1)
    if (comment !== undefined) take(comment, blank(comment), blank(comment))
    else if (string !== undefined) take(string, string, char + blank(string.slice(1, -1)) + char)
    else if (regex !== undefined) take(regex, blank(regex), blank(regex))
    else if (char === '`' || (char === '}' && open === 0)) {
      if (char === '}') depths.pop()
      take(char, char, char)
      takeTemplatePart()
    } else {
      if (open !== undefined && char === '{') depths.push((depths.pop() ?? 0) + 1)
      if (open !== undefined && char === '}') depths.push((depths.pop() ?? 0) - 1)
      take(char, char, char)
    }
  }
  return { code, bare }
}

const name = String.raw`(?:[\w$]+|\*(?:\s*as\s+[\w$]+)?|\{[^{}]*\})`
const fromClause = new RegExp(
  String.raw`\b(?:import|export)\b\s*(type\b(?!\s*(?:from\b|,)))?\s*${name}(?:\s*,\s*${name})?\s*\bfrom\s*['"]( +)['"]`,
  'dg',
)
const bareImport = /\bimport\s*()['"]( +)['"]/dg
const importCall = /\bimport\s*\(\s*()(?:['"]( +)['"]|[^)])/dg

/** What is imported where `import()` is given no literal: nobody can tell. */
export const unknownImport = '(computed)'

/** All imports and re-exports of a text. Found where strings are blank, so that text about imports is none. */
export const importsOf = ({ code, bare }: MaskedText): readonly Import[] =>
  [fromClause, bareImport, importCall].flatMap((pattern) =>
    [...bare.matchAll(pattern)].map(({ 1: type, indices }) => {
      const place = indices?.[2]
      return { specifier: place === undefined ? unknownImport : code.slice(...place), typeOnly: Boolean(type) }
    }),
  )
