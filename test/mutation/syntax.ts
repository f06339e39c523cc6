import { parseAst } from 'vitest/node'

/** A node of the syntax tree: ESTree, with the nodes of TypeScript. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** TypeScript's nodes that hold code which runs; all others are types. */
const transparent = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSParameterProperty',
  'TSInstantiationExpression',
])

/** Fields that hold types, or names that no mutant should touch. */
const skippedFields = new Set([
  'typeAnnotation',
  'typeParameters',
  'typeArguments',
  'superTypeArguments',
  'returnType',
  'implements',
  'decorators',
])

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'

const childrenOf = (node: Node): readonly Node[] =>
  Object.entries(node).flatMap(([field, value]) => {
    if (skippedFields.has(field)) return []
    return Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []
  })

const isType = ({ type, declare }: Node): boolean =>
  (type.startsWith('TS') && !transparent.has(type)) || declare === true

const isModuleText = ({ type, source }: Node): boolean =>
  type === 'ImportDeclaration' ||
  type === 'ExportAllDeclaration' ||
  (type === 'ExportNamedDeclaration' && source != null)

/** Calls that write a log: what they say is no behaviour. */
const isLog = (node: Node): boolean => {
  const callee = node.type === 'CallExpression' ? (node.callee as Node) : undefined
  const property = callee?.type === 'MemberExpression' ? (callee.property as Node).name : undefined
  return ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].includes(String(property))
}

/** Visits the code that runs: no types, no imports, no log texts. `parents` begins with the nearest. */
const visit = (node: Node, parents: readonly Node[], onNode: (node: Node, parents: readonly Node[]) => void): void => {
  if (isType(node) || isModuleText(node)) return
  onNode(node, parents)
  if (isLog(node)) return
  for (const child of childrenOf(node)) visit(child, [node, ...parents], onNode)
}

/** Parses TypeScript, and visits each node of its code. */
export const visitCode = (text: string, onNode: (node: Node, parents: readonly Node[]) => void): void =>
  visit(parseAst(text, { lang: 'ts' }) as unknown as Node, [], onNode)
