import { button, createKeyedList, html, setAttribute, type View, visuallyHidden } from '../dom.ts'
import { outcomes, pluralize, shorten, triggers } from '../labels.ts'
import { type Entry, listEntries, type Model, shownId } from '../model.ts'
import { formatDuration, formatTime } from '../time.ts'

/**
 * Creates the list of all transactions, newest first. It is one tab stop; the arrow keys move within it. It follows the
 * newest transaction until another one is selected.
 */
export const createHistoryPanel = (select: (id: string | undefined) => void): View<Model> => {
  const rows = html('ul', { role: 'listbox', 'aria-label': 'Transactions, newest first', class: 'rows' })
  const followNewest = button('Follow the newest', { class: 'quiet' }, () => select(undefined))
  const head = html('div', { class: 'list-head' }, html('h3', {}, 'History'), followNewest)
  const empty = html('p', { class: 'empty' }, 'Each attempt to change the config is listed here.')
  const element = html('div', { class: 'history' }, head, rows, empty)
  const list = createKeyedList(rows, ({ first }: Entry) => first.id, renderRow)
  /** Newest first. */
  let entries: readonly Entry[] = []
  let markedId: string | undefined

  const pick = (id: string | undefined): void => {
    if (id === undefined) return
    select(id === entries[0]?.summary.id ? undefined : id)
    mark(id) // At once, because the next key may come before the next frame.
    rowOf(id)?.focus()
  }
  rows.addEventListener('click', ({ target }) => {
    if (target instanceof Element) pick(target.closest('li')?.dataset.id)
  })
  rows.addEventListener('keydown', (event) => {
    const at = entries.findIndex(({ ids }) => ids.includes(markedId ?? ''))
    const to = moves[event.key]?.(at, entries.length - 1)
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    pick(entries[to]?.summary.id)
  })

  const mark = (id: string | undefined): void => {
    for (const { first, ids } of entries) {
      const row = list.elementOf(first.id)
      if (row === undefined) continue
      const isMarked = id !== undefined && ids.includes(id)
      setAttribute(row, 'aria-selected', String(isMarked))
      setAttribute(row, 'tabindex', isMarked ? 0 : -1)
    }
    markedId = id
  }

  const rowOf = (id: string | undefined): HTMLElement | undefined => {
    const entry = entries.find(({ ids }) => id !== undefined && ids.includes(id))
    return entry === undefined ? undefined : list.elementOf(entry.first.id)
  }

  let drawn: Model['summaries'] | undefined
  const update = (model: Model): void => {
    const id = shownId(model)
    if (model.summaries !== drawn) {
      drawn = model.summaries
      const focused = document.activeElement
      const focusedId = rows.contains(focused) ? focused?.getAttribute('data-id') : undefined
      // An entry that has not changed stays the same object, so that the list does not render it again.
      const known = new Map(entries.map((entry) => [entry.summary, entry]))
      entries = [...listEntries(model.summaries)].reverse().map((entry) => known.get(entry.summary) ?? entry)
      list.show(entries)
      mark(id)
      const row = rowOf(focusedId ?? undefined)
      if (row !== document.activeElement) row?.focus({ preventScroll: true })
    } else if (id !== markedId) mark(id)
    setAttribute(followNewest, 'hidden', model.selectedId === undefined)
    setAttribute(empty, 'hidden', entries.length > 0)
    setAttribute(rows, 'hidden', entries.length === 0)
  }

  return { element, update }
}

const renderRow = ({ summary, first, ids }: Entry) => {
  const { id, outcome, revision, durationMs, changes, trigger, startedAt } = summary
  const { glyph, label } = outcomes[outcome]
  const { failure } = first
  const repairs = ids.length - 1
  const name = revision === undefined ? 'no document' : shorten(revision.name, 20)
  return html(
    'li',
    { role: 'option', id: `row-${id}`, 'data-id': id, 'data-outcome': outcome, tabindex: -1 },
    html('span', { class: 'glyph', 'aria-hidden': 'true' }, glyph),
    html('span', { class: 'outcome' }, label, repairs > 0 && ` · ${pluralize(repairs, 'repair')} failed`),
    html('span', { class: 'revision' }, visuallyHidden('revision '), name),
    html('span', { class: 'reason' }, failure?.code ?? pluralize(changes, 'module')),
    html('span', { class: 'time' }, visuallyHidden(`${triggers[trigger] ?? trigger}, `), formatTime(startedAt)),
    html('span', { class: 'duration' }, durationMs === undefined ? '' : formatDuration(durationMs)),
  )
}

/** The index that each key moves to. */
const moves: Readonly<Record<string, (at: number, last: number) => number>> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  PageDown: (at, last) => Math.min(at + 10, last),
  PageUp: (at) => Math.max(at - 10, 0),
  Home: () => 0,
  End: (_, last) => last,
}
