import type * as Jsonc from 'jsonc-parser'
import { addMember, checkDepth, numberOf, parseWith, TextFault } from './data-builder.ts'
import type { TextFormat } from './text-format.ts'
import { TextIndex, type TextNode } from './text-index.ts'

type Node = Jsonc.Node
type Peer = Pick<typeof Jsonc, 'parseTree' | 'printParseErrorCode'>

const options = { allowTrailingComma: true }

/** JSON with comments and trailing commas, by jsonc-parser. */
export const jsoncFormat = (peer: Peer | undefined): TextFormat | undefined => {
  if (typeof peer?.parseTree !== 'function' || typeof peer.printParseErrorCode !== 'function') return undefined
  return {
    parse: (text) =>
      parseWith(
        text,
        () => {
          const errors: Jsonc.ParseError[] = []
          const tree = peer.parseTree(text, errors, options)
          const [first] = errors
          // Its name is one of a list, and quotes nothing.
          if (first !== undefined) throw malformed(first.offset, peer.printParseErrorCode(first.error))
          if (tree === undefined) throw new TextFault('document.empty')
          return dataOf(tree, text, 0)
        },
        () => malformed(undefined, undefined),
      ),
    index: (text) => {
      try {
        const tree = peer.parseTree(text, [], options)
        return new TextIndex(text, tree === undefined ? undefined : nodeOf(tree))
      } catch {
        return new TextIndex(text, undefined)
      }
    },
  }
}

const malformed = (offset: number | undefined, detail: string | undefined): TextFault =>
  new TextFault('document.malformed', offset, detail)

const dataOf = (node: Node, text: string, depth: number): unknown => {
  const { type, offset, length, children = [], value } = node
  if (type === 'number') return numberOf(text.slice(offset, offset + length), value as number, offset)
  if (type !== 'object' && type !== 'array') return value
  checkDepth(depth, offset)
  if (type === 'array') return children.map((item) => dataOf(item, text, depth + 1))
  const object: Record<string, unknown> = {}
  for (const [key, member] of membersOf(node)) {
    addMember(object, String(key.value), dataOf(member, text, depth + 1), key.offset)
  }
  return object
}

const membersOf = ({ children = [] }: Node): readonly (readonly [key: Node, member: Node])[] =>
  children.flatMap(({ children: [key, member] = [] }) =>
    key === undefined || member === undefined ? [] : [[key, member] as const],
  )

const nodeOf = (node: Node): TextNode => {
  const { type, offset, children = [] } = node
  if (type === 'array') return { offset, children: new Map(children.map((item, index) => [index, nodeOf(item)])) }
  if (type !== 'object') return { offset }
  return { offset, children: new Map(membersOf(node).map(([key, member]) => [String(key.value), nodeOf(member)])) }
}
