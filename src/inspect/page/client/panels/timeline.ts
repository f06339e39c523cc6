import type { TransactionSummary } from '../../../stream/protocol.ts'
import { createKeyedList, html, setAttribute, setText, svg, type View } from '../dom.ts'
import { type OutcomeName, outcomes, pluralize } from '../labels.ts'
import { listEntries, type Model, shownId } from '../model.ts'
import { formatTime } from '../time.ts'

const HEIGHT = 72
const BASELINE = 52
const MAX_BAR_HEIGHT = BASELINE - 8
const MIN_STEP = 7
const MAX_STEP = 64
/** The width of a letter of a time, in pixels, and the space after it. */
const LETTER = 6.6
const SPACE = 12

/** Creates the timeline of the latest transactions, newest on the right. The list gives the same facts to the keyboard. */
export const createTimeline = (select: (id: string) => void): View<Model> => {
  const bars = svg('g')
  const marker = svg('path', { class: 'marker', d: 'M-5 0 L5 0 L0 -6 Z' })
  const times = svg('g', { class: 'times' })
  const drawing = svg('svg', { class: 'timeline', role: 'img', height: HEIGHT }, bars, times, marker)
  const summary = html('p', { class: 'sum' })
  const track = html('div', { class: 'track', tabindex: 0, role: 'group', 'aria-label': 'Timeline' }, drawing)
  const element = html('div', { class: 'strip' }, summary, track)
  const list = createKeyedList(bars, ({ id }: TransactionSummary) => id, renderBar)
  let shown: readonly TransactionSummary[] | undefined
  let drawn: readonly TransactionSummary[] | undefined
  let width = 0
  let step = MAX_STEP

  drawing.addEventListener('click', ({ clientX }) => {
    const clicked = shown?.[Math.floor((clientX - drawing.getBoundingClientRect().left) / step)]
    if (clicked !== undefined) select(clicked.id)
  })

  const place = (summaries: readonly TransactionSummary[]): void => {
    for (const [index, { id }] of summaries.entries()) {
      const bar = list.elementOf(id)
      if (bar === undefined) continue
      setAttribute(bar, 'transform', `translate(${index * step} 0)`)
      bar.querySelector('rect')?.setAttribute('width', `${Math.max(3, step - 2)}`)
      bar.querySelector('.dot')?.setAttribute('cx', `${step / 2}`)
    }
    const labelWidth = Math.max(...summaries.map(({ startedAt }) => formatTime(startedAt).length)) * LETTER + SPACE
    const every = Math.max(1, Math.ceil(labelWidth / step))
    times.replaceChildren(
      ...summaries.flatMap(({ startedAt }, index) => {
        if (index % every > 0 || (summaries.length - index) * step < labelWidth - SPACE) return []
        return svg('text', { x: index * step + 1, y: HEIGHT - 4 }, formatTime(startedAt))
      }),
    )
  }

  const update = (model: Model): void => {
    const { summaries: all } = model
    const entries = listEntries(all)
    setAttribute(track, 'hidden', all.length === 0)
    const available = track.clientWidth // It has none while it is hidden.
    if (all !== drawn || available !== width) {
      const summaries = entries.map(({ summary }) => summary)
      drawn = all
      const wasAtEnd = track.scrollLeft + track.clientWidth >= track.scrollWidth - 4
      shown = summaries
      width = available
      step = Math.max(MIN_STEP, Math.min(MAX_STEP, available / Math.max(1, summaries.length)))
      setText(summary, countOutcomes(all))
      setAttribute(drawing, 'aria-label', countOutcomes(all))
      setAttribute(drawing, 'width', Math.max(step * summaries.length, 1))
      list.show(summaries)
      place(summaries)
      if (wasAtEnd) track.scrollLeft = track.scrollWidth
    }
    const id = shownId(model)
    const index = entries.findIndex(({ ids }) => id !== undefined && ids.includes(id))
    setAttribute(marker, 'visibility', index < 0 ? 'hidden' : 'visible')
    setAttribute(marker, 'transform', `translate(${index * step + step / 2} ${BASELINE + 8})`)
  }

  return { element, update }
}

/** `183 transactions: 180 committed, 3 rejected`. */
const countOutcomes = (summaries: readonly TransactionSummary[]): string => {
  if (summaries.length === 0) return 'No transactions yet'
  const counts = new Map<OutcomeName, number>()
  for (const { outcome } of summaries) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  const parts = [...counts].map(([outcome, count]) => `${count} ${outcomes[outcome].label}`)
  return `${pluralize(summaries.length, 'transaction')}: ${parts.join(', ')}`
}

const dotted: ReadonlySet<OutcomeName> = new Set<OutcomeName>(['rejected', 'rolled-back', 'degraded', 'aborted'])

const renderBar = (summary: TransactionSummary): SVGElement => {
  const height = barHeight(summary)
  const { outcome, startedAt } = summary
  return svg(
    'g',
    { class: 'bar', 'data-outcome': outcome },
    svg('title', {}, `${outcomes[outcome].label}, ${formatTime(startedAt)}`),
    svg('rect', { x: 1, y: BASELINE - height, width: 1, height, rx: 1.5 }),
    dotted.has(outcome) && svg('circle', { class: 'dot', cx: 0, cy: BASELINE - height - 5, r: 2.5 }),
  )
}

/** The scale is logarithmic, from 1 ms to a minute, so that both are visible. */
const barHeight = ({ durationMs = 0, outcome }: TransactionSummary): number => {
  const share = Math.log10(1 + Math.max(0, durationMs)) / Math.log10(60_000)
  return outcome === 'running' ? MAX_BAR_HEIGHT : Math.max(6, Math.min(1, share) * MAX_BAR_HEIGHT)
}
