import type { InspectedModule } from '../../../stream/protocol.ts'
import { html, KeyedList, setAttribute, setText, spoken, svg } from '../dom.ts'
import { layOutGraph, NODE } from '../charts/graph-layout.ts'
import { type Model, shownId, type Status } from '../model.ts'
import { duration } from '../time.ts'
import { counted, phaseWord } from '../labels.ts'

type ModuleStatus = Status['modules'][string]

/** What is drawn of one module; compared as text, so that a card is made anew only where something differs. */
interface Card {
  readonly name: string
  readonly module: ModuleStatus
  readonly step: InspectedModule | undefined
}

const glyphs: Readonly<Record<ModuleStatus['state'], string>> = { serving: '●', off: '○', degraded: '▲', closed: '■' }

/** The work on what is new: the time of a soak is nobody's, and closing is about what was before. */
const tookOf = ({ phases }: InspectedModule): string | undefined => {
  const own = phases.filter(({ phase }) => phase !== 'close' && phase !== 'check')
  const running = own.find(({ result }) => result === 'running')
  if (running !== undefined) return `${phaseWord(running.phase)}…`
  return own.length === 0 ? undefined : duration(own.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0))
}

const resultOf = (step: InspectedModule | undefined): string | undefined => {
  if (step === undefined) return undefined
  const { phases } = step
  if (phases.some(({ result }) => result === 'failed' || result === 'timed-out')) return 'failed'
  if (phases.some(({ result }) => result === 'running')) return 'running'
  return phases.some(({ result }) => result === 'cancelled') ? 'cancelled' : 'done'
}

const cardOf = ({ name, module, step }: Card): HTMLElement => {
  const took = step === undefined ? undefined : tookOf(step)
  const title = html('span', { class: 'name' }, name)
  title.title = name
  return html(
    'li',
    { class: 'module', 'data-state': module.state, 'data-result': resultOf(step), 'data-leaked': module.leaked > 0 },
    html('span', { class: 'glyph', 'aria-hidden': 'true' }, glyphs[module.state]),
    title,
    html('span', { class: 'state' }, module.state, took === undefined ? '' : ` · ${took}`),
    html(
      'span',
      { class: 'generations' },
      `${module.opened} opened · ${module.live} live`,
      module.leaked > 0 && html('strong', {}, ` · ${counted(module.leaked, 'leak')}`),
    ),
    module.after.length > 0 && html('span', { class: 'after' }, spoken('after '), module.after.join(', ')),
  )
}

const keyOf = ({ module, step }: Card): string =>
  [module.state, module.opened, module.live, module.leaked, resultOf(step), step && tookOf(step)].join()

/** The service's modules as a graph in dependency order; on narrow screens a list. */
export const modules = (): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const lines = svg('svg', { 'aria-hidden': 'true', class: 'lines' })
  const cards = html('ul', { 'aria-label': 'Modules in dependency order' })
  const canvas = html('div', { class: 'canvas' }, lines, cards)
  const viewport = html('div', { class: 'graph', tabindex: 0, role: 'group', 'aria-label': 'Module graph' }, canvas)
  const empty = html(
    'p',
    { class: 'empty' },
    'The modules of the service will stand here, with the generations of each.',
  )
  const said = html('p', { class: 'sum' })
  const element = html('div', {}, said, viewport, empty)
  const list = new KeyedList<Card>(cards, ({ name }) => name, cardOf)
  let known = new Map<string, Card>()
  let drawnShape = ''

  const place = (shape: readonly { readonly name: string; readonly after: readonly string[] }[]): void => {
    const graph = layOutGraph(shape)
    canvas.style.setProperty('--width', `${graph.width}px`)
    canvas.style.setProperty('--height', `${graph.height}px`)
    setAttribute(lines, 'viewBox', `0 0 ${Math.max(1, graph.width)} ${Math.max(1, graph.height)}`)
    lines.replaceChildren(...graph.arrows.map(({ path }) => svg('path', { d: path })))
    places = new Map(graph.nodes.map((node) => [node.name, node]))
  }
  let places: ReadonlyMap<string, { readonly x: number; readonly y: number }> = new Map()

  const update = (model: Model): void => {
    const entries = Object.entries(model.status?.modules ?? {})
    const shown = model.details.get(shownId(model) ?? '')
    const steps = new Map(shown?.modules.map((step) => [step.module, step]))
    const shape = entries.map(([name, { after }]) => ({ name, after }))
    const shapeKey = JSON.stringify(shape)
    if (shapeKey !== drawnShape) {
      drawnShape = shapeKey
      place(shape)
    }
    const next = entries.map(([name, module]): Card => {
      const card = { name, module, step: steps.get(name) }
      const before = known.get(name)
      return before !== undefined && keyOf(before) === keyOf(card) ? before : card
    })
    known = new Map(next.map((card) => [card.name, card]))
    list.show(next)
    for (const { name } of next) {
      const card = list.elementOf(name)
      const at = places.get(name)
      if (!(card instanceof HTMLElement) || at === undefined) continue
      card.style.setProperty('--x', `${at.x}px`)
      card.style.setProperty('--y', `${at.y}px`)
      card.style.setProperty('--w', `${NODE.width}px`)
      card.style.setProperty('--h', `${NODE.height}px`)
    }
    const leaked = entries.reduce((sum, [, module]) => sum + module.leaked, 0)
    const live = entries.reduce((sum, [, module]) => sum + module.live, 0)
    const leaks = leaked === 0 ? 'no leaks' : counted(leaked, 'leak')
    setText(
      said,
      entries.length === 0 ? '' : `${counted(entries.length, 'module')}, ${counted(live, 'live generation')}, ${leaks}`,
    )
    setAttribute(viewport, 'hidden', entries.length === 0)
    setAttribute(empty, 'hidden', entries.length > 0)
  }

  return { element, update }
}
