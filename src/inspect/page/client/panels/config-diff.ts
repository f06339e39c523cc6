import type { Diff, Difference } from '../../../../model/diff.ts'
import { html, spoken } from '../dom.ts'
import { counted, short } from '../labels.ts'

const shownValue = (value: unknown): string => short(JSON.stringify(value) ?? 'undefined', 120)

const signs = { added: '+', removed: '−', changed: '~' } as const

/** A value stands only where its path is public. */
const saysOf = (difference: Difference): HTMLElement => {
  const { change } = difference
  const hasFrom = 'from' in difference
  const hasTo = 'to' in difference
  if (!hasFrom && !hasTo) return html('td', { class: 'hidden-value' }, `${change}, value not shown`)
  const from = hasFrom ? html('del', {}, spoken('from '), shownValue(difference.from)) : undefined
  const to = hasTo ? html('ins', {}, spoken('to '), shownValue(difference.to)) : undefined
  const arrow =
    from !== undefined && to !== undefined ? html('span', { class: 'arrow', 'aria-hidden': 'true' }, ' → ') : undefined
  return html('td', {}, from, arrow, to)
}

const rowOf = (difference: Difference): HTMLElement =>
  html(
    'tr',
    { 'data-change': difference.change },
    html(
      'th',
      { scope: 'row' },
      html('span', { class: 'sign', 'aria-hidden': 'true' }, signs[difference.change]),
      difference.path,
    ),
    saysOf(difference),
  )

/** What a transaction changes, path by path. */
export const diffOf = (diff: Diff | undefined): HTMLElement => {
  if (diff === undefined) return html('p', { class: 'empty' }, 'There is no plan, so there is nothing to compare.')
  if (diff.count === 0) return html('p', { class: 'empty' }, 'Nothing differs.')
  const more = diff.count - diff.differences.length
  return html(
    'div',
    { class: 'diff', tabindex: 0, role: 'group', 'aria-label': 'Changes by path' },
    html(
      'table',
      {},
      html('caption', { class: 'spoken' }, 'Changes by path'),
      html(
        'thead',
        { class: 'spoken' },
        html('tr', {}, html('th', { scope: 'col' }, 'Path'), html('th', { scope: 'col' }, 'Change')),
      ),
      html('tbody', {}, ...diff.differences.map(rowOf)),
    ),
    more > 0 && html('p', { class: 'note' }, `and ${counted(more, 'more difference')}`),
  )
}
