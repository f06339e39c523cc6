import type { Failure } from '../../../../model/failure.ts'
import type { InspectedTransaction, TransactionHead } from '../../../stream/protocol.ts'
import { bars } from './phase-bars.ts'
import { diffOf } from './config-diff.ts'
import { button, html, setAttribute } from '../dom.ts'
import { type Model, shownId } from '../model.ts'
import { clockTime, duration, later } from '../time.ts'
import { counted, outcomes, short, triggers } from '../labels.ts'

const REDRAW_MS = 120

const failureOf = ({ code, message, hint, cause }: Failure): HTMLElement => {
  const because =
    cause === undefined
      ? undefined
      : html('p', { class: 'cause' }, `Cause: ${cause.name}`, cause.code === undefined ? '' : ` (${cause.code})`)
  return html(
    'li',
    {},
    html('p', { class: 'message' }, `${message}.`),
    html('p', { class: 'hint' }, hint),
    because,
    html('code', {}, code),
  )
}

const supersededOf = (
  { outcome, supersededBy }: InspectedTransaction,
  heads: readonly TransactionHead[],
  choose: (id: string) => void,
) => {
  if (outcome !== 'superseded') return undefined
  const by = heads.find(({ id }) => id === supersededBy)
  const note = html('p', { class: 'superseded' }, 'A newer document took over before this one could serve. ')
  if (by !== undefined)
    note.append(
      button(
        `Show what took over${by.revision === undefined ? '' : `: revision ${short(by.revision.name)}`}`,
        { class: 'quiet' },
        () => choose(by.id),
      ),
    )
  return note
}

const headOf = (transaction: InspectedTransaction): HTMLElement => {
  const { outcome, revision, trigger, startedAt, durationMs, changes, id } = transaction
  const facts = [
    triggers[trigger] ?? trigger,
    clockTime(startedAt),
    durationMs === undefined ? 'running' : duration(durationMs),
    counted(changes, 'module'),
  ]
  const file = `transactions/${encodeURIComponent(id)}`
  return html(
    'div',
    { class: 'detail-head' },
    html('p', { class: 'badge', 'data-outcome': outcome }, `${outcomes[outcome].glyph} ${outcomes[outcome].word}`),
    html('h3', {}, revision === undefined ? 'No document' : `Revision ${short(revision.name)}`),
    html('p', { class: 'facts-line' }, facts.join(' · ')),
    html(
      'p',
      { class: 'exports' },
      html('a', { href: `${file}.json?download`, download: true }, 'JSON'),
      html('a', { href: `${file}.mmd?download`, download: true }, 'Mermaid'),
    ),
  )
}

const part = (title: string, content: HTMLElement): HTMLElement => html('section', {}, html('h4', {}, title), content)

/** The transaction that was opened, or the newest. */
export const detail = (
  choose: (id: string) => void,
  fetchWhole: (id: string) => void,
): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const head = html('div')
  const why = html('div')
  const lanes = bars()
  const times = html('div', {}, part('Modules over time', lanes.element))
  const changes = html('div')
  const empty = html('p', { class: 'empty' })
  const element = html(
    'div',
    { class: 'detail', role: 'region', 'aria-label': 'The opened transaction' },
    empty,
    head,
    why,
    times,
    changes,
  )
  let drawn: InspectedTransaction | undefined
  let isDue = true

  const draw = (transaction: InspectedTransaction, heads: readonly TransactionHead[]): void => {
    const isOther = drawn === undefined || drawn.id !== transaction.id
    const said = (of: InspectedTransaction | undefined): string =>
      [of?.id, of?.outcome, of?.durationMs, of?.changes, of?.supersededBy].join()
    if (said(drawn) !== said(transaction)) {
      head.replaceChildren(headOf(transaction))
      const by = supersededOf(transaction, heads, choose)
      why.replaceChildren(
        ...(by === undefined ? [] : [by]),
        ...(transaction.failures.length === 0
          ? []
          : [part('What failed', html('ul', { class: 'failures' }, ...transaction.failures.map(failureOf)))]),
      )
    }
    lanes.show(transaction)
    if (isOther || drawn?.diff !== transaction.diff) {
      changes.replaceChildren(part('Changes against what served before', diffOf(transaction.diff)))
    }
    drawn = transaction
  }

  const update = (model: Model): void => {
    const id = shownId(model)
    const whole = id === undefined ? undefined : model.details.get(id)
    setAttribute(empty, 'hidden', whole !== undefined)
    for (const each of [head, why, times, changes]) setAttribute(each, 'hidden', whole === undefined)
    if (whole === undefined) {
      drawn = undefined
      empty.textContent =
        id === undefined ? 'Nothing has been tried yet. The first transaction opens here by itself.' : 'Loading…'
      if (id !== undefined && model.link.kind === 'live') fetchWhole(id)
      return
    }
    const isRunning = whole.outcome === 'running' && model.link.kind === 'live'
    if (whole === drawn && !(isRunning && isDue)) return
    draw(whole, model.heads)
    isDue = false
    later(REDRAW_MS, () => {
      isDue = true
    })
  }

  return { element, update }
}
