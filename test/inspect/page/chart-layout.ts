import type { AnyStateMachine } from 'xstate'
import {
  type Box,
  type Chart,
  LABEL,
  NAME,
  type PlacedArrow,
  type PlacedState,
} from '../../../src/inspect/page/client/charts/chart-data.ts'
import { type AnyNode, type Edge, edgesOf, nodesOf } from '../../machines/walk/definition.ts'
import { type ElkEdge, type ElkNode, layOut } from './elk.ts'

/** Stands for the source of what holds in every state. */
const ANY = 'any state'

/** Labels are broken where they are wider, in letters, so that arrows may stand close. */
const WIDEST = 19

const nameWidth = (text: string): number => Math.ceil(text.length * NAME.letter + 2 * NAME.padX)
const labelWidth = (text: string): number => Math.ceil(text.length * LABEL.letter + 2 * LABEL.padX)

const runsOf = (node: AnyNode): string => node.invoke.map(({ src }) => String(src)).join(', ')

const elkNode = (node: AnyNode): ElkNode => {
  const { id, key } = node
  const runs = runsOf(node)
  if (node.type === 'history') return { id, width: 30, height: 30 }
  const withRuns = Math.max(nameWidth(key), labelWidth(runs) + 2 * (NAME.padX - LABEL.padX))
  if (node.type !== 'compound') {
    return { id, width: withRuns, height: NAME.line + 2 * NAME.padY + (runs === '' ? 0 : LABEL.line) }
  }
  return {
    id,
    children: Object.values(node.states).map(elkNode),
    layoutOptions: {
      'elk.padding': `[top=${runs === '' ? 42 : 54},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${withRuns}, 80)`,
    },
  }
}

interface Line {
  readonly keys: string[]
  readonly text: readonly string[]
}

/** What goes on from the line above stands in a little. */
const indentOf = (row: number): number => (row === 0 ? 0 : LABEL.indent)

/** All transitions from one state to another. */
interface Arrow {
  readonly from: string
  readonly to: string
  readonly lines: Map<string, Line>
}

/** The actor's name stands in its state, so that an arrow need not repeat it. */
const textOf = ({ on, guard }: Edge): string =>
  on.replace(/^(done|error) of .*/, '$1') + (guard === undefined ? '' : ` [${guard}]`)

const broken = (text: string): readonly string[] => {
  const lines: string[] = []
  for (const word of text.length <= WIDEST ? [text] : text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${word}`.length <= WIDEST) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Which of its source's transitions for its event it is: with both, the name that the server gives it too. */
const keysOf = (edges: readonly Edge[]): ReadonlyMap<Edge, string> => {
  const counts = new Map<string, number>()
  return new Map(
    edges.map((edge) => {
      const { source, eventType } = edge.definition
      const handler = `${source.id} ${eventType}`
      const index = counts.get(handler) ?? 0
      counts.set(handler, index + 1)
      return [edge, `${handler} ${index}`]
    }),
  )
}

const arrowsOf = (machine: AnyStateMachine): readonly Arrow[] => {
  const arrows = new Map<string, Arrow>()
  for (const [edge, key] of keysOf(edgesOf(machine))) {
    const { source, target = [] } = edge.definition
    const from = source === machine.root ? ANY : source.id
    for (const { id: to } of target) {
      const arrow = arrows.get(`${from} ${to}`) ?? { from, to, lines: new Map() }
      arrows.set(`${from} ${to}`, arrow)
      const text = textOf(edge)
      const line = arrow.lines.get(text)
      if (line === undefined) arrow.lines.set(text, { keys: [key], text: broken(text) })
      else line.keys.push(key)
    }
  }
  return [...arrows.values()]
}

const elkEdge = ({ from, to, lines }: Arrow, index: number): ElkEdge => {
  const rows = [...lines.values()].flatMap(({ text }) => text.map((words, row) => labelWidth(words) + indentOf(row)))
  const width = Math.max(...rows)
  const height = rows.length * LABEL.line + 2 * LABEL.padY
  return {
    id: `${index}`,
    sources: [from],
    targets: [to],
    labels: [{ id: `${index} label`, text: ' ', width, height }],
  }
}

const round = (value = 0): number => Math.round(value * 10) / 10

const boxOf = ({ x, y, width, height }: Partial<Record<'x' | 'y' | 'width' | 'height', number>>): Box => [
  round(x),
  round(y),
  round(width),
  round(height),
]

const statesOf = (placed: ElkNode, nodes: ReadonlyMap<string, AnyNode>): readonly PlacedState[] =>
  (placed.children ?? []).flatMap((child) => {
    const node = nodes.get(child.id)
    const runs = node === undefined ? '' : runsOf(node)
    const state: PlacedState = {
      id: child.id,
      name: node?.key ?? child.id,
      kind: node === undefined ? 'any' : (node.type as PlacedState['kind']),
      initial: node?.parent?.initial.target.includes(node) ?? false,
      ...(runs === '' ? {} : { runs }),
      box: boxOf(child),
    }
    return [state, ...statesOf(child, nodes)]
  })

const placedArrow = ({ from, to, lines }: Arrow, { labels = [], sections = [] }: ElkEdge): PlacedArrow => ({
  from,
  to,
  lines: [...lines.values()],
  label: boxOf(labels[0] ?? {}),
  routes: sections.map(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].map(({ x, y }) => [round(x), round(y)] as const),
  ),
})

/** A machine's chart, laid out. The same machine gives the same chart on every platform. */
export const chartOf = async (machine: AnyStateMachine): Promise<Chart> => {
  const [, ...nodes] = nodesOf(machine)
  const arrows = arrowsOf(machine)
  const outer = nodes.filter(({ parent }) => parent === machine.root).map(elkNode)
  const any = arrows.some(({ from }) => from === ANY) ? [{ id: ANY, width: nameWidth(ANY), height: 30 }] : []
  const placed = await layOut({ id: machine.id, children: [...any, ...outer], edges: arrows.map(elkEdge) })
  const placedEdges = new Map(placed.edges?.map((edge) => [edge.id, edge]))
  return {
    id: machine.id,
    size: [round(placed.width), round(placed.height)],
    states: statesOf(placed, new Map(nodes.map((node) => [node.id, node]))),
    arrows: arrows.flatMap((arrow, index) => {
      const edge = placedEdges.get(`${index}`)
      return edge === undefined ? [] : [placedArrow(arrow, edge)]
    }),
  }
}
