import { type Node, visitCode } from './syntax.ts'

/** One small change of the code. */
export interface Mutant {
  readonly file: string
  readonly line: number
  readonly kind: string
  /** The lines that change, without their indentation, before and after. */
  readonly before: string
  readonly after: string
  /** The text of the whole file with the change. */
  readonly text: string
  /** The expression that a marker can be put around, so that it tells when the code is reached; empty for a place between statements. */
  readonly reach: Reach
}

export interface Reach {
  readonly start: number
  readonly end: number
  /** True for a whole statement, which must not begin with a parenthesis. */
  readonly isStatement: boolean
}

interface Change {
  readonly kind: string
  readonly start: number
  readonly end: number
  readonly code: string
}

const comparisons: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
}
const arithmetic: Readonly<Record<string, string>> = { '+': '-', '-': '+', '*': '/', '/': '*' }
const logic: Readonly<Record<string, string>> = { '&&': '||', '||': '&&' }
const functions = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']

/** Two expressions with the sign between them replaced. */
const withOperator = (
  text: string,
  { left, right, start, end }: Node,
  from: string,
  to: string,
  kind: string,
): Change => {
  const [before, after] = [left as Node, right as Node]
  const between = text.slice(before.end, after.start).replace(from, () => to)
  return { kind, start, end, code: text.slice(start, before.end) + between + text.slice(after.start, end) }
}

const binary = (text: string, node: Node): readonly Change[] => {
  const operator = String(node.operator)
  const compared = comparisons[operator]
  if (compared !== undefined) return [withOperator(text, node, operator, compared, 'swap-comparison')]
  const calculated = arithmetic[operator]
  const hasText = [node.left, node.right].some((side) => typeof (side as Node).value === 'string')
  return calculated === undefined || hasText ? [] : [withOperator(text, node, operator, calculated, 'swap-arithmetic')]
}

const logical = (text: string, node: Node): readonly Change[] => {
  const operator = String(node.operator)
  const left = node.left as Node
  if (operator === '??')
    return [{ kind: 'drop-default', start: node.start, end: node.end, code: `(${text.slice(left.start, left.end)})` }]
  return [withOperator(text, node, operator, logic[operator] as string, 'swap-logic')]
}

const literal = ({ start, end, value }: Node, [parent]: readonly Node[]): readonly Change[] => {
  if (typeof value === 'number') return [{ kind: 'change-constant', start, end, code: `(${value + 1})` }]
  if (typeof value === 'boolean') return [{ kind: 'flip-boolean', start, end, code: String(!value) }]
  // A name in an object is no value, and a text with spaces is a message.
  const isKey = parent?.key !== undefined && (parent.key as Node).start === start
  if (typeof value !== 'string' || value === '' || value.includes(' ') || isKey) return []
  return [{ kind: 'empty-string', start, end, code: "''" }]
}

const condition = (text: string, test: Node): Change => ({
  kind: 'negate-condition',
  start: test.start,
  end: test.end,
  code: `!(${text.slice(test.start, test.end)})`,
})

const statement = (node: Node, parents: readonly Node[]): readonly Change[] => {
  let expression = node.expression as Node
  const isInConstructor = parents.some(({ kind }) => kind === 'constructor')
  if (node.directive != null || isInConstructor) return []
  if (expression.type === 'UnaryExpression' || expression.type === 'AwaitExpression')
    expression = expression.argument as Node
  const isCall = expression.type === 'CallExpression' || expression.type === 'ChainExpression'
  const isAssignment = expression.type === 'AssignmentExpression' || expression.type === 'UpdateExpression'
  if (!(isCall || isAssignment)) return []
  // A call of `super` is no statement that could be missing.
  if ((expression.callee as Node | undefined)?.type === 'Super') return []
  return [{ kind: isCall ? 'drop-call' : 'drop-assignment', start: node.start, end: node.end, code: ';' }]
}

/** An early return of nothing, where nothing or a yes or no is expected: elsewhere every caller would break. */
const returnEarly = (text: string, node: Node, [parent]: readonly Node[]): readonly Change[] => {
  const body = node.body as Node | null
  const returned = node.returnType as Node | null | undefined
  const isPlain =
    returned == null || /^: (Promise<)?(void|undefined|boolean)>?$/.test(text.slice(returned.start, returned.end))
  if (body?.type !== 'BlockStatement' || parent?.kind === 'constructor' || !isPlain) return []
  const { start } = body
  return (body.body as Node[]).length === 0 ? [] : [{ kind: 'return-early', start, end: start + 1, code: '{ return;' }]
}

const changesOf = (text: string, node: Node, parents: readonly Node[]): readonly Change[] => {
  const { type, start, end } = node
  if (type === 'BinaryExpression') return binary(text, node)
  if (type === 'LogicalExpression') return logical(text, node)
  if (type === 'Literal') return literal(node, parents)
  // The comparison itself is another mutant.
  const hasComparison = ['===', '!=='].includes(String((node.test as Node | undefined)?.operator))
  if (hasComparison) return []
  if (type === 'IfStatement' || type === 'WhileStatement' || type === 'ConditionalExpression')
    return [condition(text, node.test as Node)]
  if (type === 'ExpressionStatement') return statement(node, parents)
  if (type === 'AwaitExpression') {
    const argument = node.argument as Node
    return [{ kind: 'drop-await', start, end, code: `(${text.slice(argument.start, argument.end)})` }]
  }
  if (type === 'ArrayExpression' && (node.elements as Node[]).length > 0)
    return [{ kind: 'empty-array', start, end, code: '[]' }]
  return functions.includes(type) ? returnEarly(text, node, parents) : []
}

const reachOf = (node: Node, parents: readonly Node[], { kind, start, end }: Change): Reach => {
  if (kind === 'return-early') return { start: start + 1, end: start + 1, isStatement: true }
  const around = [node, ...parents].find((one) => one.type === 'ExpressionStatement' && one.start === start)
  const statement = around?.expression as Node | undefined
  return statement === undefined
    ? { start, end, isStatement: false }
    : { start: statement.start, end: statement.end, isStatement: true }
}

const linesAround = (text: string, start: number, end: number): string => {
  const from = text.lastIndexOf('\n', start - 1) + 1
  const to = text.indexOf('\n', end)
  const lines = text.slice(from, to === -1 ? undefined : to).split('\n')
  return lines.map((line) => line.trim()).join(' ')
}

/** Lists the mutants of one file, in the order of its text. */
export const mutantsOf = (file: string, text: string): readonly Mutant[] => {
  const mutants: Mutant[] = []
  visitCode(text, (node, parents) => {
    for (const change of changesOf(text, node, parents)) {
      const mutated = text.slice(0, change.start) + change.code + text.slice(change.end)
      mutants.push({
        file,
        line: text.slice(0, change.start).split('\n').length,
        kind: change.kind,
        before: linesAround(text, change.start, change.end),
        after: linesAround(mutated, change.start, change.start + change.code.length),
        text: mutated,
        reach: reachOf(node, parents, change),
      })
    }
  })
  return mutants
}
