import { jsonFormat } from '../../../formats/json-format.ts'
import { isRoundedNumeral } from '../../../model/data/number-literal.ts'
import type { JsonSchema } from '../../../model/json-schema.ts'
import { describe } from '../../../schema/describe.ts'

export type ReadValue =
  | { readonly kind: 'value'; readonly value: unknown }
  /** What the schema expects, in its own words. */
  | { readonly kind: 'bad'; readonly expected: string }

/** Makes a value of a variable's text: the most special of what the schema allows in its place. */
export const readValue = (text: string, nodes: readonly JsonSchema[], root: JsonSchema): ReadValue => {
  const types = new Set(nodes.flatMap(typesOf))
  const constants = nodes.flatMap(constantsOf)
  if (constants.includes(text)) return { kind: 'value', value: text }
  const trimmed = text.trim()
  // What the schema says nothing about is JSON if it can be.
  const isOpen = types.has('anything')
  const allows = (type: string): boolean => isOpen || types.has(type)
  if (allows('null') && trimmed === 'null') return { kind: 'value', value: null }
  if (allows('boolean') && /^(true|false)$/i.test(trimmed)) return { kind: 'value', value: /^true$/i.test(trimmed) }
  if ((allows('number') || types.has('integer')) && NUMBER.test(trimmed) && !isRoundedNumeral(trimmed)) {
    return { kind: 'value', value: Number(trimmed) }
  }
  if (/^[[{]/.test(trimmed) && allows(trimmed.startsWith('[') ? 'array' : 'object')) {
    const parsed = jsonFormat.parse(trimmed)
    if (parsed.kind === 'parsed') return { kind: 'value', value: parsed.value }
  }
  return allows('string') ? { kind: 'value', value: text } : { kind: 'bad', expected: expectedOf(nodes, root) }
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const typesOf = (node: JsonSchema): readonly string[] => {
  const { type } = node
  if (Array.isArray(type)) return type.filter((each) => typeof each === 'string')
  if (typeof type === 'string') return [type]
  const constants = constantsOf(node)
  if (constants.length > 0) return constants.map(typeOfConstant)
  if (node.properties !== undefined || node.additionalProperties !== undefined) return ['object']
  if (node.items !== undefined || node.prefixItems !== undefined) return ['array']
  return ['anything']
}

const constantsOf = (node: JsonSchema): readonly unknown[] => {
  if ('const' in node) return [node.const]
  return Array.isArray(node.enum) ? node.enum : []
}

const typeOfConstant = (value: unknown): string => (value === null ? 'null' : typeof value)

const expectedOf = (nodes: readonly JsonSchema[], root: JsonSchema): string => {
  const texts = [...new Set(nodes.flatMap((node) => describe(node, root) ?? []))]
  const text = texts.length === 0 ? 'another value' : texts.join(' or ')
  return /\b(array|object)\b/.test(text) ? `${text}, as JSON` : text
}
