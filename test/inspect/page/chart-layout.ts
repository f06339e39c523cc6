import type { AnyStateMachine } from 'xstate'
import {
  type Box,
  type Chart,
  LABEL,
  NAME,
  type PlacedArrow,
  type PlacedState,
} from '../../../src/inspect/page/client/charts/chart-data.ts'
import { type AnyNode, type Edge, edgesOf, nodesOf, runsOf } from '../../machines/walk/definition.ts'
import { type ElkEdge, type ElkNode, layOut } from './elk.ts'

/** The source of the transitions that apply in every state. */
const ANY = 'any state'

/** Wider labels are wrapped, so that arrows can lie close together. */
const MAX_LETTERS = 19

/** Lays out a machine's chart. The same machine gives the same chart on every platform. */
export const layOutChart = async (machine: AnyStateMachine): Promise<Chart> => {
  const [, ...nodes] = nodesOf(machine)
  const arrows = collectArrows(machine)
  const outer = nodes.filter(({ parent }) => parent === machine.root).map(toElkNode)
  const any = arrows.some(({ from }) => from === ANY) ? [{ id: ANY, width: nameWidth(ANY), height: 30 }] : []
  const placed = await layOut({ id: machine.id, children: [...any, ...outer], edges: arrows.map(toElkEdge) })
  const placedEdges = new Map(placed.edges?.map((edge) => [edge.id, edge]))
  return {
    id: machine.id,
    size: [round(placed.width), round(placed.height)],
    states: placeStates(placed, new Map(nodes.map((node) => [node.id, node]))),
    arrows: arrows.flatMap((arrow, index) => {
      const edge = placedEdges.get(`${index}`)
      return edge === undefined ? [] : [placeArrow(arrow, edge)]
    }),
  }
}

const nameWidth = (text: string): number => Math.ceil(text.length * NAME.letter + 2 * NAME.padX)
const labelWidth = (text: string): number => Math.ceil(text.length * LABEL.letter + 2 * LABEL.padX)

const shownWork = (node: AnyNode): string => runsOf(node).join(', ')

const toElkNode = (node: AnyNode): ElkNode => {
  const { id, key } = node
  const runs = shownWork(node)
  if (node.type === 'history') return { id, width: 30, height: 30 }
  const withRuns = Math.max(nameWidth(key), labelWidth(runs) + 2 * (NAME.padX - LABEL.padX))
  if (node.type !== 'compound') {
    return { id, width: withRuns, height: NAME.line + 2 * NAME.padY + (runs === '' ? 0 : LABEL.line) }
  }
  return {
    id,
    children: Object.values(node.states).map(toElkNode),
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

/** Continuation lines are indented. */
const indentOf = (row: number): number => (row === 0 ? 0 : LABEL.indent)

/** All transitions from one state to another. */
interface Arrow {
  readonly from: string
  readonly to: string
  readonly lines: Map<string, Line>
}

/** Omits the actor's name, which its state shows. */
const labelText = ({ on, guard }: Edge): string =>
  on.replace(/^(done|error) of .*/, '$1') + (guard === undefined ? '' : ` [${guard}]`)

const wrap = (text: string): readonly string[] => {
  const lines: string[] = []
  for (const word of text.length <= MAX_LETTERS ? [text] : text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${word}`.length <= MAX_LETTERS) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Keys each transition by its source, its event and its index among the transitions for both, as the server does. */
const transitionKeys = (edges: readonly Edge[]): ReadonlyMap<Edge, string> => {
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

const collectArrows = (machine: AnyStateMachine): readonly Arrow[] => {
  const arrows = new Map<string, Arrow>()
  for (const [edge, key] of transitionKeys(edgesOf(machine))) {
    const { source, target = [] } = edge.definition
    const from = source === machine.root ? ANY : source.id
    for (const { id: to } of target) {
      const arrow = arrows.get(`${from} ${to}`) ?? { from, to, lines: new Map() }
      arrows.set(`${from} ${to}`, arrow)
      const text = labelText(edge)
      const line = arrow.lines.get(text)
      if (line === undefined) arrow.lines.set(text, { keys: [key], text: wrap(text) })
      else line.keys.push(key)
    }
  }
  return [...arrows.values()]
}

const toElkEdge = ({ from, to, lines }: Arrow, index: number): ElkEdge => {
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

const toBox = ({ x, y, width, height }: Partial<Record<'x' | 'y' | 'width' | 'height', number>>): Box => [
  round(x),
  round(y),
  round(width),
  round(height),
]

const placeStates = (placed: ElkNode, nodes: ReadonlyMap<string, AnyNode>): readonly PlacedState[] =>
  (placed.children ?? []).flatMap((child) => {
    const node = nodes.get(child.id)
    const runs = node === undefined ? '' : shownWork(node)
    const state: PlacedState = {
      id: child.id,
      name: node?.key ?? child.id,
      kind: node === undefined ? 'any' : (node.type as PlacedState['kind']),
      initial: node?.parent?.initial.target.includes(node) ?? false,
      ...(runs === '' ? {} : { runs }),
      box: toBox(child),
    }
    return [state, ...placeStates(child, nodes)]
  })

const placeArrow = ({ from, to, lines }: Arrow, { labels = [], sections = [] }: ElkEdge): PlacedArrow => ({
  from,
  to,
  lines: [...lines.values()],
  label: toBox(labels[0] ?? {}),
  routes: sections.map(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].map(({ x, y }) => [round(x), round(y)] as const),
  ),
})
