import type { MachineName, MachineState } from '../../../stream/protocol.ts'
import { button, html, setAttribute, setText, type View } from '../dom.ts'
import { eventLabel } from '../labels.ts'
import type { Model } from '../model.ts'
import { formatTime } from '../time.ts'
import type { Chart } from './chart-data.ts'
import { drawChart, type Drawing } from './chart-drawing.ts'

type State = MachineState<MachineName>

/** Creates the statecharts. Each highlights its active states and the transition that was taken last. */
export const createCharts = (charts: readonly Chart[]): View<Model> & { readonly reveal: () => void } => {
  const views = new Map(charts.map((chart) => [chart.id, createChart(chart)]))
  const element = html('div', { class: 'charts' }, ...[...views.values()].map((view) => view.element))
  const update = ({ machines }: Model): void => {
    for (const [id, view] of views) view.update(machines[id as MachineName])
  }
  /** Scrolls to the active states, which a hidden chart cannot do. */
  const reveal = (): void => {
    for (const { reveal: revealOne } of views.values()) revealOne()
  }
  return { element, update, reveal }
}

const titles: Readonly<Record<string, string>> = {
  reload: 'Reload: runs one transaction at a time',
  watch: 'Watch: follows the source',
  admission: 'Admission: paces and freezes changes',
}

const createChart = (chart: Chart): View<State | undefined> & { readonly reveal: () => void } => {
  const drawing = drawChart(chart)
  const viewport = html(
    'div',
    { class: 'viewport', tabindex: 0, role: 'group', 'aria-label': `${chart.id} chart, scrollable` },
    drawing.element,
  )
  const current = html('p', { class: 'now' })
  let isFollowing = true
  let shown: State | undefined
  const fit = button('Whole chart', { class: 'quiet', 'aria-pressed': 'false' }, () => {
    const isWhole = viewport.classList.toggle('whole')
    setAttribute(fit, 'aria-pressed', String(isWhole))
    if (!isWhole) scrollToActive(viewport, drawing, shown)
  })
  const follow = button('Follow', { class: 'quiet', 'aria-pressed': 'true' }, () => {
    setFollowing(!isFollowing)
    if (isFollowing) scrollToActive(viewport, drawing, shown)
  })
  const setFollowing = (next: boolean): void => {
    isFollowing = next
    setAttribute(follow, 'aria-pressed', String(next))
  }
  // A user who scrolls wants to look around.
  viewport.addEventListener('wheel', () => setFollowing(false), { passive: true })
  viewport.addEventListener('pointerdown', () => setFollowing(false))
  const head = html(
    'div',
    { class: 'chart-head' },
    html('h3', {}, titles[chart.id] ?? chart.id),
    current,
    html('div', { class: 'row' }, fit, follow),
  )
  const states = createStateList(chart)
  const element = html('figure', { class: 'chart-box', 'data-machine': chart.id }, head, viewport, states.element)

  const update = (state: State | undefined): void => {
    if (state === shown && shown !== undefined) return
    shown = state
    highlight(drawing, state)
    states.update(state)
    const text = describeState(state)
    setText(current, text)
    setAttribute(drawing.element, 'aria-label', `Statechart ${chart.id}. Active: ${text}.`)
    if (isFollowing) scrollToActive(viewport, drawing, state)
  }
  const reveal = (): void => {
    if (isFollowing) scrollToActive(viewport, drawing, shown)
  }
  return { element, update, reveal }
}

/** Creates the list of states that stands for the drawing on a narrow screen. */
const createStateList = (chart: Chart): View<State | undefined> => {
  const rows = chart.states
    .filter(({ kind }) => kind !== 'any' && kind !== 'history')
    .map(({ id, name }) => {
      const depth = id.split('.').length - 2
      return { id, row: html('li', { 'data-depth': depth }, name) }
    })
  const element = html('ul', { class: 'states', 'aria-label': `States of ${chart.id}` }, ...rows.map(({ row }) => row))
  const update = (state: State | undefined): void => {
    const active = new Set(state?.active)
    for (const { id, row } of rows) setAttribute(row, 'aria-current', active.has(id) ? 'step' : undefined)
  }
  return { element, update }
}

/** `applying › preparing (done of journalAttempt, 14:02:11)`. */
const describeState = (state: State | undefined): string => {
  if (state === undefined) return 'unknown'
  const names = state.active.map((id) => id.split('.').at(-1) ?? id)
  return `${names.join(' › ')} (${eventLabel(state.event)}, ${formatTime(state.at)})`
}

/** Highlights the active states and the last transition, and more softly the transitions that led to it. */
const highlight = (drawing: Drawing, state: State | undefined): void => {
  const active = new Set(state?.active)
  for (const [id, element] of drawing.states) setAttribute(element, 'data-lit', active.has(id))
  const steps = (state?.taken ?? [])
    .map(({ source, event, index }) => drawing.transitions.get(`${source} ${event} ${index}`))
    .filter((elements) => elements !== undefined)
  // A transition without a target is not drawn. The previous one then stays highlighted.
  if (steps.length === 0 && state !== undefined && state.taken.length > 0) return
  const last = new Set(steps.at(-1))
  for (const element of last) if (element instanceof SVGGElement) element.parentElement?.append(element) // On top.
  const trail = new Set(steps.flat())
  for (const elements of drawing.transitions.values()) {
    for (const element of elements) {
      setAttribute(element, 'data-lit', last.has(element))
      setAttribute(element, 'data-trail', trail.has(element) && !last.has(element))
    }
  }
}

const SCROLL_MARGIN = 48

/** Scrolls the innermost active state into view, without scrolling the page. */
const scrollToActive = (viewport: HTMLElement, drawing: Drawing, state: State | undefined): void => {
  const id = state?.active.at(-1)
  const element = id === undefined ? undefined : drawing.states.get(id)
  if (element === undefined) return
  const outer = viewport.getBoundingClientRect()
  const inner = element.getBoundingClientRect()
  const isVisible =
    inner.left >= outer.left + SCROLL_MARGIN &&
    inner.right <= outer.right - SCROLL_MARGIN &&
    inner.top >= outer.top + SCROLL_MARGIN &&
    inner.bottom <= outer.bottom - SCROLL_MARGIN
  if (isVisible) return
  viewport.scrollTo({
    left: viewport.scrollLeft + inner.left + inner.width / 2 - outer.left - outer.width / 2,
    top: viewport.scrollTop + inner.top + inner.height / 2 - outer.top - outer.height / 2,
  })
}
