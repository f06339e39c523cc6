import { hasFailed, type InspectedModule } from '../../../stream/protocol.ts'
import { layOutModules, MODULE_BOX, type ModuleNode } from '../charts/module-layout.ts'
import { createKeyedList, html, setAttribute, setText, svg, type View, visuallyHidden } from '../dom.ts'
import { joinNames, phaseLabel, pluralize, shorten } from '../labels.ts'
import { type Model, shownId, type Status } from '../model.ts'
import { formatDuration } from '../time.ts'

type ModuleStatus = Status['modules'][string]

/** A module and its part in the shown transaction. */
interface Card {
  readonly name: string
  readonly status: ModuleStatus
  readonly work: InspectedModule | undefined
  /** Replaced generations that are not closed yet. */
  readonly draining: number
}

/** Creates the graph of the service's modules in dependency order. On narrow screens it is a list. */
export const createModules = (): View<Model> => {
  const lines = svg('svg', { 'aria-hidden': 'true', class: 'lines' })
  const cards = html('ul', { 'aria-label': 'Modules in dependency order' })
  const canvas = html('div', { class: 'canvas' }, lines, cards)
  const viewport = html('div', { class: 'graph', tabindex: 0, role: 'group', 'aria-label': 'Module graph' }, canvas)
  const empty = html('p', { class: 'empty' }, 'The modules of the service and their generations appear here.')
  const summary = html('p', { class: 'sum' })
  const element = html('div', {}, summary, viewport, empty)
  const list = createKeyedList(cards, ({ name }: Card) => name, renderCard)
  let known = new Map<string, Card>()
  let drawnShape = ''
  let positions: ReadonlyMap<string, { readonly x: number; readonly y: number }> = new Map()

  const layOut = (modules: readonly ModuleNode[]): void => {
    const shape = JSON.stringify(modules)
    if (shape === drawnShape) return
    drawnShape = shape
    const layout = layOutModules(modules)
    canvas.style.setProperty('--width', `${layout.width}px`)
    canvas.style.setProperty('--height', `${layout.height}px`)
    setAttribute(lines, 'viewBox', `0 0 ${Math.max(1, layout.width)} ${Math.max(1, layout.height)}`)
    lines.replaceChildren(...layout.arrows.map(({ path }) => svg('path', { d: path })))
    positions = new Map(layout.modules.map((module) => [module.name, module]))
  }

  const place = ({ name }: Card): void => {
    const card = list.elementOf(name)
    const position = positions.get(name)
    if (card === undefined || position === undefined) return
    const { x, y } = position
    const pixels = { x, y, w: MODULE_BOX.width, h: MODULE_BOX.height }
    for (const [property, value] of Object.entries(pixels)) card.style.setProperty(`--${property}`, `${value}px`)
  }

  const update = (model: Model): void => {
    const entries = Object.entries(model.status?.modules ?? {})
    const transaction = model.details.get(shownId(model) ?? '')
    const work = new Map(transaction?.modules.map((module) => [module.module, module]))
    layOut(entries.map(([name, { after }]) => ({ name, after })))
    // A card that looks the same stays the same object, so that the list does not render it again.
    const next = entries.map(([name, status]): Card => {
      const card = { name, status, work: work.get(name), draining: model.holds?.draining[name] ?? 0 }
      const before = known.get(name)
      return before !== undefined && appearance(before) === appearance(card) ? before : card
    })
    known = new Map(next.map((card) => [card.name, card]))
    list.show(next)
    for (const card of next) place(card)
    setText(summary, countGenerations(Object.values(model.status?.modules ?? {}), model.holds))
    setAttribute(viewport, 'hidden', entries.length === 0)
    setAttribute(empty, 'hidden', entries.length > 0)
  }

  return { element, update }
}

const countGenerations = (modules: readonly ModuleStatus[], holds: Model['holds']): string => {
  if (modules.length === 0) return ''
  const live = modules.reduce((sum, module) => sum + module.live, 0)
  const leaked = modules.reduce((sum, module) => sum + module.leaked, 0)
  const leaks = leaked === 0 ? 'no leaks' : pluralize(leaked, 'leak')
  return `${pluralize(modules.length, 'module')}, ${pluralize(live, 'live generation')}, ${leaks}${describeHolds(holds)}`
}

/** Says what keeps replaced generations open. */
const describeHolds = (holds: Model['holds']): string => {
  if (holds === undefined) return ''
  const { leases, draining, routes } = holds
  const count = Object.values(draining).reduce((sum, each) => sum + each, 0)
  const old = leases.replaced === 0 ? '' : `, ${pluralize(leases.replaced, 'lease')} of earlier configs`
  const from = routes.length === 0 ? '' : ` (${joinNames(routes.map((route) => shorten(route, 60)))})`
  return `, ${count} draining, ${pluralize(leases.serving, 'lease')} held${old}${from}`
}

const appearance = ({ status, work, draining }: Card): string =>
  [draining, status.state, status.opened, status.live, status.leaked, resultOf(work), work && describeWork(work)].join()

const glyphs: Readonly<Record<ModuleStatus['state'], string>> = { serving: '●', off: '○', degraded: '▲', closed: '■' }

const renderCard = ({ name, status, work, draining }: Card): HTMLElement => {
  const progress = work && describeWork(work)
  const title = html('span', { class: 'name' }, name)
  title.title = name
  return html(
    'li',
    { class: 'module', 'data-state': status.state, 'data-result': resultOf(work), 'data-leaked': status.leaked > 0 },
    html('span', { class: 'glyph', 'aria-hidden': 'true' }, glyphs[status.state]),
    title,
    html('span', { class: 'state' }, status.state, progress === undefined ? '' : ` · ${progress}`),
    html(
      'span',
      { class: 'generations' },
      `${status.opened} opened · ${status.live} live`,
      draining > 0 && html('em', {}, ` · ${draining} draining`),
      status.leaked > 0 && html('strong', {}, ` · ${pluralize(status.leaked, 'leak')}`),
    ),
    status.after.length > 0 && html('span', { class: 'after' }, visuallyHidden('after '), status.after.join(', ')),
  )
}

/** Describes the work on the new generation. It leaves out the soak, which waits, and the close of the old generation. */
const describeWork = ({ phases }: InspectedModule): string | undefined => {
  const own = phases.filter(({ phase }) => phase !== 'close' && phase !== 'check')
  const running = own.find(({ result }) => result === 'running')
  if (running !== undefined) return `${phaseLabel(running.phase)}…`
  return own.length === 0 ? undefined : formatDuration(own.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0))
}

const resultOf = (work: InspectedModule | undefined): string | undefined => {
  if (work === undefined) return undefined
  const { phases } = work
  if (phases.some(hasFailed)) return 'failed'
  return ['running', 'cancelled'].find((name) => phases.some(({ result }) => result === name)) ?? 'done'
}
