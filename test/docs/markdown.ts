const markers = (name: string) => [`<!-- ${name}:start -->\n`, `<!-- ${name}:end -->`] as const

/** Returns the text between the markers of a generated block. */
export const blockOf = (text: string, name: string): string => {
  const [start, end] = markers(name)
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`There is no block ${name}`)
  return text.slice(from + start.length, to).trim()
}

/** Returns the text with other content between the markers. */
export const withBlock = (text: string, name: string, content: string): string => {
  const [start, end] = markers(name)
  const from = text.indexOf(start) + start.length
  return `${text.slice(0, from)}${content}\n${text.slice(text.indexOf(end))}`
}

/** A fenced code block. */
export interface CodeBlock {
  readonly language: string
  /** The words after the language: `run`, `output`. */
  readonly flags: readonly string[]
  readonly code: string
}

/** Lists the fenced code blocks of a page. */
export const fencedBlocks = (text: string): readonly CodeBlock[] =>
  [...text.matchAll(/^```(\w*)([^\n]*)\n(.*?)^```$/gms)].map(([, language = '', flags = '', code = '']) => ({
    language,
    flags: flags.split(' ').filter((flag) => flag !== ''),
    code,
  }))

/** Returns the code of each fenced block of one language. */
export const codeBlocks = (text: string, language: string): string[] =>
  fencedBlocks(text).flatMap((block) => (block.language === language ? [block.code] : []))

/** Returns the page without code: brackets in code are no links. */
const withoutCode = (text: string): string => text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '``')

/** Lists where a page's links and pictures lead, reference definitions included. */
export const linkTargets = (text: string): readonly string[] => {
  const prose = withoutCode(text)
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?\s*\)/g)]
  const definitions = [...prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)]
  return [...inline, ...definitions].map(([, target = '']) => target)
}

/** Lists the labels of reference links, `[text][label]`. */
export const referenceLabels = (text: string): readonly string[] =>
  [...withoutCode(text).matchAll(/\]\[([^\]]+)\]/g)].map(([, label = '']) => label)

/** Lists the anchors of a page's headings, as GitHub makes them. */
export const anchorsOf = (text: string): ReadonlySet<string> => {
  const anchors = new Set<string>()
  for (const [, title = ''] of text.replace(/^```.*?^```$/gms, '').matchAll(/^#{1,6}\s+(.+?)\s*$/gm)) {
    const slug = title
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  return anchors
}
