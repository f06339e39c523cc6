import type { AnyStateMachine } from 'xstate'
import {
  type AnyNode,
  type Edge,
  edgesOf,
  entryOf,
  exitOf,
  guardAtoms,
  nodesOf,
  pathOf,
  runsOf,
  workOf,
} from '../walk/definition.ts'

/** What the definition cannot say itself: the meaning of each name. */
export interface MachineDescriptions {
  /** One paragraph for readers who see the machine for the first time. */
  readonly intro: string
  readonly states: Readonly<Record<string, string>>
  readonly events: Readonly<Record<string, string>>
  readonly work: Readonly<Record<string, { readonly does: string; readonly answers: string }>>
  readonly delays: Readonly<Record<string, string>>
  readonly guards: Readonly<Record<string, string>>
  readonly actions: Readonly<Record<string, string>>
}

const code = (text: string): string => (text === '' ? '' : `\`${text}\``)
const list = (names: readonly string[]): string => names.map(code).join(', ')

/** Pads the columns, as the formatter of this project does. */
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = heads.map((head, column) =>
    Math.max(3, head.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** Collects the names that a machine uses, each once, in the order of first use. */
export const namesOf = (machine: AnyStateMachine) => {
  const nodes = nodesOf(machine)
  const edges = edgesOf(machine)
  const unique = (names: readonly string[]) => [...new Set(names)]
  return {
    states: nodes.slice(1).map(pathOf),
    events: unique(edges.map(({ on }) => on).filter((on) => !on.includes(' ') && on !== 'always')),
    work: unique(nodes.flatMap(runsOf)),
    delays: unique(nodes.flatMap(({ after }) => after.map(({ delay }) => String(delay)))),
    guards: unique(edges.flatMap(({ definition: { guard } }) => (guard === undefined ? [] : guardAtoms(guard)))),
    actions: unique(
      [...nodes.flatMap((node) => [...entryOf(node), ...exitOf(node)]), ...edges.flatMap(({ actions }) => actions)]
        .map((name) => name.replace(/\(.*/, ''))
        .filter((name) => !nodes.some((node) => workOf(node).includes(name))),
    ),
  }
}

/** Lists the input fields that work receives in the states that ask for it. */
const inputOf = (nodes: readonly AnyNode[], work: string, context: object): readonly string[] => {
  const inputs = nodes.flatMap((node) => [
    ...node.invoke.filter(({ src }) => src === work).map(({ input }) => input),
    ...[node.config.entry ?? []].flat().flatMap((action) => paramsOf(action, work) ?? []),
  ])
  const fieldsOf = (input: unknown) => Object.keys((input as (args: { context: object }) => object)({ context }))
  return [...new Set(inputs.flatMap((input) => (typeof input === 'function' ? fieldsOf(input) : [])))]
}

const paramsOf = (action: unknown, work: string): unknown => {
  const { type, params } = (action ?? {}) as { readonly type?: unknown; readonly params?: unknown }
  return type === work ? params : undefined
}

const statesTable = (machine: AnyStateMachine, descriptions: MachineDescriptions): string =>
  table(
    ['State', 'Runs', 'What it means'],
    nodesOf(machine)
      .slice(1)
      .map((node) => {
        const runs = [...runsOf(node), ...node.after.map(({ delay }) => String(delay))]
        return [code(pathOf(node)), list([...new Set(runs)]), descriptions.states[pathOf(node)] ?? '']
      }),
  )

const transitionRow = (root: string, { source, on, guard, targets, actions, definition }: Edge): readonly string[] => {
  const to = targets.map((target) => code(target) + (definition.reenter ? ' again' : ''))
  return [source === root ? 'any state' : code(source), code(on), code(guard ?? ''), to.join(), list(actions)]
}

const named = (head: string, names: readonly string[], descriptions: Readonly<Record<string, string>>): string =>
  table(
    [head, 'What it means'],
    names.map((name) => [code(name), descriptions[name] ?? '']),
  )

/** Renders every table of one machine, with its heading. */
export const tablesOf = (machine: AnyStateMachine, descriptions: MachineDescriptions, context: object): string => {
  const names = namesOf(machine)
  const nodes = nodesOf(machine)
  const statesRunning = (work: string) => nodes.filter((node) => runsOf(node).includes(work)).map(pathOf)
  const edges = edgesOf(machine)
  const defaults: Readonly<Record<string, unknown>> = machine.implementations.delays
  const work = [
    'Work',
    table(
      ['Placeholder', 'Runs in', 'Input', 'What it does', 'Result'],
      names.work.map((name) => [
        code(name),
        list(statesRunning(name)),
        list(inputOf(nodes, name, context)),
        descriptions.work[name]?.does ?? '',
        descriptions.work[name]?.answers ?? '',
      ]),
    ),
  ] as const
  const sections: readonly (readonly [string, string])[] = [
    ['States', statesTable(machine, descriptions)],
    ['Events', named('Event', names.events, descriptions.events)],
    ...(names.work.length === 0 ? [] : [work]),
    [
      'Delays',
      table(
        ['Delay', 'Default', 'What it means'],
        names.delays.map((delay) => [code(delay), `${String(defaults[delay])} ms`, descriptions.delays[delay] ?? '']),
      ),
    ],
    ['Guards', named('Guard', names.guards, descriptions.guards)],
    ['Actions', named('Action', names.actions, descriptions.actions)],
    [
      'Transitions',
      `In the order of evaluation; an inner state comes before the state that contains it.\n\n${table(
        ['From', 'On', 'If', 'To', 'Does'],
        edges.map((edge) => transitionRow(machine.id, edge)),
      )}`,
    ],
  ]
  return sections.map(([heading, content]) => `### ${heading} of the ${machine.id} machine\n\n${content}`).join('\n\n')
}
