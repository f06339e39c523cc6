import type { AnyStateMachine } from 'xstate'
import { type AnyNode, type Edge, edgesOf, nodesOf, pathOf, runsOf } from '../walk/definition.ts'

/** Mermaid allows neither dots nor hyphens in an id. */
const idOf = (node: AnyNode): string => node.path.join('_').replaceAll('-', '_')

const isWithin = (node: AnyNode, ancestor: AnyNode): boolean =>
  node === ancestor || (node.parent !== undefined && isWithin(node.parent, ancestor))

const leavesOf = (node: AnyNode): readonly AnyNode[] => {
  const children = Object.values(node.states).filter(({ type }) => type !== 'history')
  return children.length === 0 ? [node] : children.flatMap(leavesOf)
}

/** True if the event never leaves this state: one of its handlers for it has no guard. */
const swallows = (node: AnyNode, eventType: string): boolean =>
  (node.transitions.get(eventType) ?? []).some(({ guard }) => guard === undefined)

const bubblesTo = (leaf: AnyNode, ancestor: AnyNode, eventType: string): boolean => {
  for (let node: AnyNode | undefined = leaf; node !== undefined && node !== ancestor; node = node.parent) {
    if (swallows(node, eventType)) return false
  }
  return true
}

/** Some versions of mermaid cannot draw an arrow between a state and its ancestor, so the leaves are the sources. */
const sourcesOf = ({ definition: { source, eventType } }: Edge, target: AnyNode): readonly AnyNode[] => {
  if (source.parent !== undefined && !isWithin(target, source)) return [source]
  if (source.parent === undefined) {
    const outer = Object.values(source.states).filter((node) => !isWithin(target, node) && node.type !== 'final')
    return outer
  }
  return leavesOf(source).filter((leaf) => bubblesTo(leaf, source, eventType) && leaf !== target)
}

const targetOf = (source: AnyNode, target: AnyNode): AnyNode => {
  let inner = target
  while (inner !== source && isWithin(source, inner) && inner.initial.target[0] !== undefined) {
    inner = inner.initial.target[0]
  }
  return inner
}

/** The state already shows the name of its work, so the arrow does not repeat it. */
const labelOf = ({ on, guard }: Edge): string =>
  on.replace(/^(done|error) of .*/, '$1') + (guard === undefined ? '' : ` [${guard}]`)

const arrowsOf = (machine: AnyStateMachine): readonly string[] => {
  const labels = new Map<string, string[]>()
  for (const edge of edgesOf(machine)) {
    for (const target of edge.definition.target ?? []) {
      const isLoop = target === edge.definition.source
      for (const source of isLoop ? [target] : sourcesOf(edge, target)) {
        const arrow = `${idOf(source)} --> ${idOf(isLoop ? target : targetOf(source, target))}`
        labels.set(arrow, [...(labels.get(arrow) ?? []), labelOf(edge)])
      }
    }
  }
  return [...labels].map(([arrow, all]) => `${arrow}: ${[...new Set(all)].join(' or ')}`)
}

const stateLines = (node: AnyNode): readonly string[] => {
  const runs = runsOf(node).join(', ')
  const label = node.type === 'history' ? `${node.key}: the previous resting state` : node.key
  if (node.type !== 'compound') {
    const lines = [`state "${label.replace(':', ',')}" as ${idOf(node)}`]
    if (runs !== '') lines.push(`${idOf(node)}: runs ${runs}`)
    if (node.type === 'final') lines.push(`${idOf(node)} --> [*]`)
    return lines
  }
  const inner = Object.values(node.states).flatMap(stateLines)
  const first = node.initial.target[0]
  return [
    `state "${runs === '' ? label : `${label} (runs ${runs})`}" as ${idOf(node)} {`,
    ...(first === undefined ? [] : [`  [*] --> ${idOf(first)}`]),
    ...inner.map((line) => `  ${line}`),
    '}',
  ]
}

/** Renders the machine as a mermaid `stateDiagram-v2`. Handlers without a target appear only in the table. */
export const mermaidOf = (machine: AnyStateMachine): string => {
  const [root, ...nodes] = nodesOf(machine)
  const first = root?.initial.target[0]
  const lines = [
    ...(first === undefined ? [] : [`[*] --> ${idOf(first)}`]),
    ...nodes.filter(({ parent }) => parent === root).flatMap(stateLines),
    ...arrowsOf(machine),
  ]
  return ['stateDiagram-v2', ...lines.map((line) => `  ${line}`)].join('\n')
}

/** Lists the ids of all states in the chart, for a test that compares it with the machine. */
export const mermaidIds = (machine: AnyStateMachine): readonly string[] =>
  nodesOf(machine)
    .filter((node) => pathOf(node) !== machine.id)
    .map(idOf)
