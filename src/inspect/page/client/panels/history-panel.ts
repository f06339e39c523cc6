import type { TransactionHead } from '../../../stream/protocol.ts'
import { button, html, KeyedList, setAttribute, spoken } from '../dom.ts'
import { type Model, shownId } from '../model.ts'
import { clockTime, duration } from '../time.ts'
import { counted, outcomes, short, triggers } from '../labels.ts'

const rowOf = (head: TransactionHead): HTMLElement => {
  const { glyph, word } = outcomes[head.outcome]
  const revision = head.revision === undefined ? 'no document' : short(head.revision.name, 20)
  const time = head.durationMs === undefined ? '' : duration(head.durationMs)
  const why = head.failure?.code ?? counted(head.changes, 'module')
  return html(
    'li',
    { role: 'option', id: `row-${head.id}`, 'data-id': head.id, 'data-outcome': head.outcome, tabindex: -1 },
    html('span', { class: 'glyph', 'aria-hidden': 'true' }, glyph),
    html('span', { class: 'word' }, word),
    html('span', { class: 'revision' }, spoken('revision '), revision),
    html('span', { class: 'why' }, why),
    html('span', { class: 'when' }, spoken(`${triggers[head.trigger] ?? head.trigger}, `), clockTime(head.startedAt)),
    html('span', { class: 'took' }, time),
  )
}

/** Where a key leads in a list of this length. */
const moved = (key: string, at: number, length: number): number | undefined => {
  switch (key) {
    case 'ArrowDown':
      return Math.min(at + 1, length - 1)
    case 'ArrowUp':
      return Math.max(at - 1, 0)
    case 'PageDown':
      return Math.min(at + 10, length - 1)
    case 'PageUp':
      return Math.max(at - 10, 0)
    case 'Home':
      return 0
    case 'End':
      return length - 1
    default:
      return undefined
  }
}

/** All transactions as a list, newest first: one stop for Tab, arrows within. The newest is followed until one is chosen. */
export const history = (
  choose: (id: string | undefined) => void,
): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const rows = html('ul', { role: 'listbox', 'aria-label': 'Transactions, newest first', class: 'rows' })
  const latest = button('Follow the newest', { class: 'quiet' }, () => choose(undefined))
  const head = html('div', { class: 'list-head' }, html('h3', {}, 'History'), latest)
  const empty = html('p', { class: 'empty' }, 'Each attempt to change the configuration will be listed here.')
  const element = html('div', { class: 'history' }, head, rows, empty)
  const list = new KeyedList(rows, ({ id }: TransactionHead) => id, rowOf)
  let heads: readonly TransactionHead[] = []
  let shown: string | undefined

  const pick = (id: string | undefined): void => {
    if (id === undefined) return
    choose(id === heads[0]?.id ? undefined : id)
    mark(id) // at once: the next key may come before the next frame
    const row = list.elementOf(id)
    if (row instanceof HTMLElement) row.focus()
  }
  rows.addEventListener('click', ({ target }) => {
    if (target instanceof Element) pick(target.closest('li')?.dataset.id)
  })
  rows.addEventListener('keydown', (event) => {
    const at = heads.findIndex(({ id }) => id === shown)
    const to = moved(event.key, at, heads.length)
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    pick(heads[to]?.id)
  })

  const mark = (id: string | undefined): void => {
    for (const { id: each } of heads) {
      const row = list.elementOf(each)
      if (row === undefined) continue
      setAttribute(row, 'aria-selected', String(each === id))
      setAttribute(row, 'tabindex', each === id ? 0 : -1)
    }
    shown = id
  }

  let drawn: readonly TransactionHead[] | undefined
  const update = (model: Model): void => {
    const id = shownId(model)
    if (model.heads !== drawn) {
      drawn = model.heads
      const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.id : undefined
      const hadFocus = rows.contains(document.activeElement)
      heads = [...model.heads].reverse()
      list.show(heads)
      mark(id)
      const row = hadFocus && focused !== undefined ? list.elementOf(focused) : undefined
      if (row instanceof HTMLElement && row !== document.activeElement) row.focus({ preventScroll: true })
    } else if (id !== shown) mark(id)
    setAttribute(latest, 'hidden', model.chosen === undefined)
    setAttribute(empty, 'hidden', heads.length > 0)
    setAttribute(rows, 'hidden', heads.length === 0)
  }

  return { element, update }
}
