import type { TransactionHead } from '../../../stream/protocol.ts'
import { html, KeyedList, setAttribute, setText, svg } from '../dom.ts'
import { type Model, shownId } from '../model.ts'
import { clockTime } from '../time.ts'
import { counted, outcomes, type OutcomeName } from '../labels.ts'

const HEIGHT = 72
const FLOOR = 52
const NARROWEST = 7
const WIDEST = 18

/** From 1 ms to a minute, so that both are seen. */
const heightOf = ({ durationMs = 0, outcome }: TransactionHead): number => {
  const share = Math.log10(1 + Math.max(0, durationMs)) / Math.log10(60_000)
  return outcome === 'running' ? FLOOR - 8 : Math.max(6, Math.min(1, share) * (FLOOR - 8))
}

const marked = new Set<OutcomeName>(['rejected', 'rolled-back', 'degraded', 'aborted'])

/** `180 committed, 3 rejected`. */
const summary = (heads: readonly TransactionHead[]): string => {
  const counts = new Map<OutcomeName, number>()
  for (const { outcome } of heads) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  const parts = [...counts].map(([outcome, count]) => `${count} ${outcomes[outcome].word}`)
  return heads.length === 0 ? 'No transactions yet' : `${counted(heads.length, 'transaction')}: ${parts.join(', ')}`
}

/** The last transactions side by side, newest right; the list beside it says the same to those who cannot point. */
export const timeline = (
  choose: (id: string) => void,
): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const bars = svg('g')
  const marker = svg('path', { class: 'marker', d: 'M-5 0 L5 0 L0 -6 Z' })
  const labels = svg('g', { class: 'times' })
  const drawing = svg('svg', { class: 'timeline', role: 'img', height: HEIGHT }, bars, labels, marker)
  const said = html('p', { class: 'sum' })
  const track = html('div', { class: 'track', tabindex: 0, role: 'group', 'aria-label': 'Timeline' }, drawing)
  const element = html('div', { class: 'strip' }, said, track)
  let shown: readonly TransactionHead[] | undefined
  let width = 0
  let step = WIDEST

  drawing.addEventListener('click', ({ clientX }) => {
    const head = shown?.[Math.floor((clientX - drawing.getBoundingClientRect().left) / step)]
    if (head !== undefined) choose(head.id)
  })

  const list = new KeyedList<TransactionHead>(
    bars,
    ({ id }) => id,
    (head) => {
      const bar = svg('g', { class: 'bar', 'data-outcome': head.outcome })
      const height = heightOf(head)
      bar.append(
        svg('title', {}, `${outcomes[head.outcome].word}, ${clockTime(head.startedAt)}`),
        svg('rect', { x: 1, y: FLOOR - height, width: 1, height, rx: 1.5 }),
      )
      if (marked.has(head.outcome)) bar.append(svg('circle', { class: 'dot', cx: 0, cy: FLOOR - height - 5, r: 2.5 }))
      return bar
    },
  )

  const place = (heads: readonly TransactionHead[]): void => {
    for (const [index, { id }] of heads.entries()) {
      const bar = list.elementOf(id)
      if (bar === undefined) continue
      setAttribute(bar, 'transform', `translate(${index * step} 0)`)
      const rect = bar.querySelector('rect')
      if (rect !== null) setAttribute(rect, 'width', Math.max(3, step - 2))
      const dot = bar.querySelector('.dot')
      if (dot !== null) setAttribute(dot, 'cx', step / 2)
    }
    const every = Math.max(1, Math.ceil(90 / step))
    labels.replaceChildren(
      ...heads
        .map((head, index) => ({ head, index }))
        .filter(({ index }) => index % every === 0 && (heads.length - index) * step > 60)
        .map(({ head, index }) => svg('text', { x: index * step + 1, y: HEIGHT - 4 }, clockTime(head.startedAt))),
    )
  }

  const update = (model: Model): void => {
    const { heads } = model
    const available = track.clientWidth
    setAttribute(track, 'hidden', heads.length === 0)
    const isSame = heads === shown && available === width
    if (!isSame) {
      const wasAtEnd = track.scrollLeft + track.clientWidth >= track.scrollWidth - 4
      shown = heads
      width = available
      step = Math.max(NARROWEST, Math.min(WIDEST, available / Math.max(1, heads.length)))
      setText(said, summary(heads))
      setAttribute(drawing, 'aria-label', summary(heads))
      setAttribute(drawing, 'width', Math.max(step * heads.length, 1))
      list.show(heads)
      place(heads)
      if (wasAtEnd) track.scrollLeft = track.scrollWidth
    }
    const index = heads.findIndex(({ id }) => id === shownId(model))
    setAttribute(marker, 'visibility', index < 0 ? 'hidden' : 'visible')
    setAttribute(marker, 'transform', `translate(${index * step + step / 2} ${FLOOR + 8})`)
  }

  return { element, update }
}
