import type { AnyStateMachine } from 'xstate'
import { type AnyNode, type Edge, edgesOf, entryOf, guardAtoms, nodesOf, pathOf } from '../walk/definition.ts'
import type { MachineWords } from './words.ts'

const code = (text: string): string => (text === '' ? '' : `\`${text}\``)
const list = (names: readonly string[]): string => names.map(code).join(', ')

/** Columns are padded, as the formatter of this project wants them. */
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = heads.map((head, column) =>
    Math.max(3, head.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** All names that a machine uses, each once, in the order of their use. */
export const namesOf = (machine: AnyStateMachine) => {
  const nodes = nodesOf(machine)
  const edges = edgesOf(machine)
  const unique = (names: readonly string[]) => [...new Set(names)]
  return {
    states: nodes.slice(1).map(pathOf),
    events: unique(edges.map(({ on }) => on).filter((on) => !on.includes(' ') && on !== 'always')),
    actors: unique(nodes.flatMap(({ invoke }) => invoke.map(({ src }) => String(src)))),
    delays: unique(nodes.flatMap(({ after }) => after.map(({ delay }) => String(delay)))),
    guards: unique(edges.flatMap(({ definition: { guard } }) => (guard === undefined ? [] : guardAtoms(guard)))),
    actions: unique(
      [...nodes.flatMap(entryOf), ...edges.flatMap(({ actions }) => actions)].map((name) => name.replace(/\(.*/, '')),
    ),
  }
}

/** The fields that the definition gives to an actor, in each of the states that invoke it. */
const inputOf = (nodes: readonly AnyNode[], actor: string, context: object): readonly string[] => {
  const inputs = nodes.flatMap(({ invoke }) => invoke.filter(({ src }) => src === actor).map(({ input }) => input))
  const fieldsOf = (input: unknown) => Object.keys((input as (args: { context: object }) => object)({ context }))
  return [...new Set(inputs.flatMap((input) => (typeof input === 'function' ? fieldsOf(input) : [])))]
}

const statesTable = (machine: AnyStateMachine, words: MachineWords): string =>
  table(
    ['State', 'Runs', 'What it means'],
    nodesOf(machine)
      .slice(1)
      .map((node) => {
        const runs = [...node.invoke.map(({ src }) => String(src)), ...node.after.map(({ delay }) => String(delay))]
        return [code(pathOf(node)), list([...new Set(runs)]), words.states[pathOf(node)] ?? '']
      }),
  )

const transitionRow = (root: string, { source, on, guard, targets, actions, definition }: Edge): readonly string[] => {
  const to = targets.map((target) => code(target) + (definition.reenter ? ' again' : ''))
  return [source === root ? 'any state' : code(source), code(on), code(guard ?? ''), to.join(), list(actions)]
}

const named = (head: string, names: readonly string[], words: Readonly<Record<string, string>>): string =>
  table(
    [head, 'What it means'],
    names.map((name) => [code(name), words[name] ?? '']),
  )

/** Every table of one machine, with its heading. */
export const tablesOf = (machine: AnyStateMachine, words: MachineWords, context: object): string => {
  const names = namesOf(machine)
  const nodes = nodesOf(machine)
  const where = (actor: string) => nodes.filter(({ invoke }) => invoke.some(({ src }) => src === actor)).map(pathOf)
  const edges = edgesOf(machine)
  const defaults: Readonly<Record<string, unknown>> = machine.implementations.delays
  const actors = [
    'Actors',
    table(
      ['Hole', 'Runs in', 'Input', 'What it does', 'Answers'],
      names.actors.map((actor) => [
        code(actor),
        list(where(actor)),
        list(inputOf(nodes, actor, context)),
        words.actors[actor]?.does ?? '',
        words.actors[actor]?.answers ?? '',
      ]),
    ),
  ] as const
  const sections: readonly (readonly [string, string])[] = [
    ['States', statesTable(machine, words)],
    ['Events', named('Event', names.events, words.events)],
    ...(names.actors.length === 0 ? [] : [actors]),
    [
      'Delays',
      table(
        ['Delay', 'Without a host', 'What it means'],
        names.delays.map((delay) => [code(delay), `${String(defaults[delay])} ms`, words.delays[delay] ?? '']),
      ),
    ],
    ['Guards', named('Guard', names.guards, words.guards)],
    ['Actions', named('Action', names.actions, words.actions)],
    [
      'Transitions',
      `In the order in which they are asked; an inner state is asked before the one around it.\n\n${table(
        ['From', 'On', 'If', 'To', 'Does'],
        edges.map((edge) => transitionRow(machine.id, edge)),
      )}`,
    ],
  ]
  return sections.map(([heading, content]) => `### ${heading} of the ${machine.id} machine\n\n${content}`).join('\n\n')
}
