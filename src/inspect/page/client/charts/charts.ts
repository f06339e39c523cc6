import type { ChartState } from '../../../stream/protocol.ts'
import type { MachineName } from '../../../../api/machine-state.ts'
import type { Chart } from './chart-data.ts'
import { draw, type Drawing } from './chart-drawing.ts'
import { button, html, setAttribute, setText } from '../dom.ts'
import type { Model } from '../model.ts'
import { clockTime } from '../time.ts'
import { eventWord } from '../labels.ts'

const titles: Readonly<Record<string, string>> = {
  reload: 'Reload: one transaction at a time',
  watch: 'Watch: in step with the source',
  admission: 'Admission: what is let through',
}

type State = ChartState<MachineName>

/** `applying › preparing`. */
const activeWords = ({ active, machine }: State): string =>
  active
    .map(
      (id) =>
        id
          .slice(machine.length + 1)
          .split('.')
          .at(-1) ?? id,
    )
    .join(' › ')

/** Lights what is active and the transition just taken, and more softly those that led to it at once; puts out all else. */
const light = (drawing: Drawing, state: State | undefined): void => {
  const active = new Set(state?.active)
  for (const [id, element] of drawing.states) setAttribute(element, 'data-lit', active.has(id))
  const steps = (state?.taken ?? []).flatMap(({ source, event, index }) => {
    const elements = drawing.transitions.get(`${source} ${event} ${index}`)
    return elements === undefined ? [] : [elements]
  })
  // What leads nowhere is not drawn: then the last one that did stays lit.
  if (steps.length === 0 && state !== undefined && state.taken.length > 0) return
  const last = new Set(steps.at(-1))
  for (const element of last) if (element instanceof SVGGElement) element.parentElement?.append(element) // over the others
  const trail = new Set(steps.flat())
  for (const elements of drawing.transitions.values()) {
    for (const element of elements) {
      setAttribute(element, 'data-lit', last.has(element))
      setAttribute(element, 'data-trail', trail.has(element) && !last.has(element))
    }
  }
}

/** Brings the innermost active state into view, within its own scroll box alone. */
const reveal = (viewport: HTMLElement, drawing: Drawing, state: State | undefined): void => {
  const id = state?.active.at(-1)
  const element = id === undefined ? undefined : drawing.states.get(id)
  if (element === undefined) return
  const outer = viewport.getBoundingClientRect()
  const inner = element.getBoundingClientRect()
  const margin = 48
  const isSeen =
    inner.left >= outer.left + margin &&
    inner.right <= outer.right - margin &&
    inner.top >= outer.top + margin &&
    inner.bottom <= outer.bottom - margin
  if (isSeen) return
  viewport.scrollTo({
    left: viewport.scrollLeft + inner.left + inner.width / 2 - outer.left - outer.width / 2,
    top: viewport.scrollTop + inner.top + inner.height / 2 - outer.top - outer.height / 2,
  })
}

const chartView = (chart: Chart) => {
  const drawing = draw(chart)
  const viewport = html(
    'div',
    { class: 'viewport', tabindex: 0, role: 'group', 'aria-label': `${chart.id} chart, scrolls` },
    drawing.element,
  )
  const now = html('p', { class: 'now' })
  let isFollowing = true
  let shown: State | undefined
  const size = button('Whole chart', { class: 'quiet', 'aria-pressed': 'false' }, () => {
    const isWhole = viewport.classList.toggle('whole')
    setAttribute(size, 'aria-pressed', String(isWhole))
    if (!isWhole) reveal(viewport, drawing, shown)
  })
  const followed = button('Follow', { class: 'quiet', 'aria-pressed': 'true' }, () => {
    isFollowing = !isFollowing
    setAttribute(followed, 'aria-pressed', String(isFollowing))
    if (isFollowing) reveal(viewport, drawing, shown)
  })
  // Who scrolls by hand wants to look, not to follow.
  viewport.addEventListener('wheel', () => stop(), { passive: true })
  viewport.addEventListener('pointerdown', () => stop())
  const stop = (): void => {
    isFollowing = false
    setAttribute(followed, 'aria-pressed', 'false')
  }
  const head = html(
    'div',
    { class: 'chart-head' },
    html('h3', {}, titles[chart.id] ?? chart.id),
    now,
    html('div', { class: 'row' }, size, followed),
  )
  const element = html('figure', { class: 'chart-box', 'data-machine': chart.id }, head, viewport)

  const update = (state: State | undefined): void => {
    if (state === shown && shown !== undefined) return
    shown = state
    light(drawing, state)
    const words = state === undefined ? 'not known' : activeWords(state)
    const by = state === undefined ? '' : `, by ${eventWord(state.event)} at ${clockTime(state.at)}`
    setText(now, `${words}${by}`)
    setAttribute(drawing.element, 'aria-label', `Statechart ${chart.id}. Active: ${words}${by}.`)
    if (isFollowing) reveal(viewport, drawing, state)
  }
  return { element, update }
}

/** The statecharts: what is active is lit, and so is the transition just taken. */
export const charts = (
  all: readonly Chart[],
): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const views = new Map(all.map((chart) => [chart.id, chartView(chart)]))
  const element = html('div', { class: 'charts' }, ...[...views.values()].map((view) => view.element))
  const update = (model: Model): void => {
    for (const [id, view] of views) view.update(model.charts[id as MachineName])
  }
  return { element, update }
}
