import type { Diff, Difference } from '../../../../model/data/diff.ts'
import { html, visuallyHidden } from '../dom.ts'
import { pluralize, shorten } from '../labels.ts'

/** Renders what a transaction changes, path by path. */
export const renderDiff = (diff: Diff | undefined): HTMLElement => {
  if (diff === undefined) return html('p', { class: 'empty' }, 'There is no plan, so there is nothing to compare.')
  if (diff.count === 0) return html('p', { class: 'empty' }, 'No differences.')
  const more = diff.count - diff.differences.length
  return html(
    'div',
    { class: 'diff', tabindex: 0, role: 'group', 'aria-label': 'Changes by path' },
    html(
      'table',
      {},
      html('caption', { class: 'visually-hidden' }, 'Changes by path'),
      html(
        'thead',
        { class: 'visually-hidden' },
        html('tr', {}, html('th', { scope: 'col' }, 'Path'), html('th', { scope: 'col' }, 'Change')),
      ),
      html('tbody', {}, ...diff.differences.map(renderRow)),
    ),
    more > 0 && html('p', { class: 'note' }, `and ${pluralize(more, 'more difference')}`),
  )
}

const signs = { added: '+', removed: '−', changed: '~', reordered: '↕' } as const

const renderRow = (difference: Difference): HTMLElement =>
  html(
    'tr',
    { 'data-change': difference.change },
    html(
      'th',
      { scope: 'row' },
      html('span', { class: 'sign', 'aria-hidden': 'true' }, signs[difference.change]),
      difference.path,
    ),
    renderChange(difference),
  )

/** Only the values of public paths are known to the page. */
const renderChange = (difference: Difference): HTMLElement => {
  const hasFrom = 'from' in difference
  const hasTo = 'to' in difference
  if (!hasFrom && !hasTo) {
    const hidden = difference.change === 'reordered' ? 'keys' : 'value'
    return html('td', { class: 'hidden-value' }, `${difference.change}, ${hidden} hidden`)
  }
  const from = hasFrom && html('del', {}, visuallyHidden('from '), formatValue(difference.from))
  const to = hasTo && html('ins', {}, visuallyHidden('to '), formatValue(difference.to))
  const arrow = hasFrom && hasTo && html('span', { class: 'arrow', 'aria-hidden': 'true' }, ' → ')
  return html('td', {}, from, arrow, to)
}

const formatValue = (value: unknown): string => shorten(JSON.stringify(value) ?? 'undefined', 120)
