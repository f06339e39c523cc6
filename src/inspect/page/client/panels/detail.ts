import type { Failure } from '../../../../model/failure.ts'
import type { InspectedTransaction, TransactionSummary } from '../../../stream/protocol.ts'
import { button, html, setAttribute, type View } from '../dom.ts'
import { joinNames, outcomes, pluralize, shorten, triggers } from '../labels.ts'
import { type Model, shownId } from '../model.ts'
import { formatDuration, formatTime, setTimer } from '../time.ts'
import { renderDiff } from './config-diff.ts'
import { firstFailure } from './headline.ts'
import { createPhaseBars } from './phase-bars.ts'

const REDRAW_MS = 120

/** Creates the details of the selected transaction, or of the newest. */
export const createDetail = (select: (id: string) => void, fetchDetails: (id: string) => void): View<Model> => {
  const head = html('div')
  const failures = html('div')
  const phaseBars = createPhaseBars()
  const phases = html('div', {}, renderPart('Modules over time', phaseBars.element))
  const changes = html('div')
  const empty = html('p', { class: 'empty' })
  const element = html(
    'div',
    { class: 'detail', role: 'region', 'aria-label': 'Transaction details' },
    empty,
    head,
    failures,
    phases,
    changes,
  )
  let drawn: InspectedTransaction | undefined
  let isDue = true
  let drawnWidth = 0
  let saidBefore: string | undefined

  const draw = (
    transaction: InspectedTransaction,
    summaries: readonly TransactionSummary[],
    said: string | undefined,
  ): void => {
    if (headKey(drawn) !== headKey(transaction) || said !== saidBefore) {
      saidBefore = said
      head.replaceChildren(renderHead(transaction))
      failures.replaceChildren(
        ...(transaction.outcome === 'superseded' ? [renderSuperseded(transaction, summaries, select)] : []),
        ...(transaction.failures.length > 0
          ? [
              renderPart(
                'Failures',
                html(
                  'ul',
                  { class: 'failures' },
                  ...transaction.failures.map((failure) => renderFailure(failure, failure.message === said)),
                ),
              ),
            ]
          : []),
      )
    }
    phaseBars.update(transaction)
    const isSettled = drawn?.outcome === transaction.outcome // The record says on what nothing acts.
    if (drawn?.id !== transaction.id || drawn.diff !== transaction.diff || !isSettled) {
      const parts = [renderDiff(transaction.diff), ...renderUnattended(transaction)]
      changes.replaceChildren(renderPart('Changes to the serving config', ...parts))
    }
    drawn = transaction
  }

  const update = (model: Model): void => {
    const { details, connection, summaries } = model
    const id = shownId(model)
    const transaction = id === undefined ? undefined : details.get(id)
    setAttribute(empty, 'hidden', transaction !== undefined)
    for (const each of [head, failures, phases, changes]) setAttribute(each, 'hidden', transaction === undefined)
    if (transaction === undefined) {
      drawn = undefined
      empty.textContent = id === undefined ? 'No transactions yet. The first one appears here.' : 'Loading…'
      if (id !== undefined && connection.kind === 'live') fetchDetails(id)
      return
    }
    const isRunning = transaction.outcome === 'running' && connection.kind === 'live'
    const said = firstFailure(model)?.message
    const isResized = element.clientWidth !== drawnWidth // The axis has as many ticks as fit.
    if (transaction === drawn && said === saidBefore && !isResized && !(isRunning && isDue)) return
    drawnWidth = element.clientWidth
    draw(transaction, summaries, said)
    isDue = false
    setTimer(REDRAW_MS, () => {
      isDue = true
    })
  }

  return { element, update }
}

/** Changes if the head and the failures must be drawn again. */
const renderUnattended = ({ unfollowed = [], restartRequired = [] }: InspectedTransaction): readonly HTMLElement[] => [
  ...(restartRequired.length === 0
    ? []
    : [html('p', { class: 'note' }, `A restart is needed for ${joinNames(restartRequired, 10)}.`)]),
  ...(unfollowed.length === 0 ? [] : [html('p', { class: 'note' }, `No module follows ${joinNames(unfollowed, 10)}.`)]),
]

const headKey = (transaction: InspectedTransaction | undefined): string => {
  const { id, outcome, durationMs, changes, supersededBy } = transaction ?? {}
  return [id, outcome, durationMs, changes, supersededBy].join()
}

const renderHead = (transaction: InspectedTransaction): HTMLElement => {
  const { outcome, revision, trigger, startedAt, durationMs, changes, id } = transaction
  const facts = [
    triggers[trigger] ?? trigger,
    formatTime(startedAt),
    durationMs === undefined ? 'running' : formatDuration(durationMs),
    pluralize(changes, 'module'),
  ]
  const file = `transactions/${encodeURIComponent(id)}`
  return html(
    'div',
    { class: 'detail-head' },
    html('p', { class: 'badge', 'data-outcome': outcome }, `${outcomes[outcome].glyph} ${outcomes[outcome].label}`),
    html('h3', {}, revision === undefined ? 'No document' : `Revision ${shorten(revision.name)}`),
    html('p', { class: 'facts-line' }, facts.join(' · ')),
    html(
      'p',
      { class: 'exports' },
      html('a', { href: `${file}.json?download`, download: true }, 'JSON'),
      html('a', { href: `${file}.mmd?download`, download: true }, 'Mermaid'),
    ),
  )
}

const renderSuperseded = (
  { supersededBy }: InspectedTransaction,
  summaries: readonly TransactionSummary[],
  select: (id: string) => void,
): HTMLElement => {
  const note = html('p', { class: 'superseded' }, 'A newer document superseded this one before it could serve. ')
  const by = summaries.find(({ id }) => id === supersededBy)
  if (by === undefined) return note
  const label = `Show the newer one${by.revision === undefined ? '' : `: revision ${shorten(by.revision.name)}`}`
  note.append(button(label, { class: 'quiet' }, () => select(by.id)))
  return note
}

/** What the headline says already is not said again. */
const renderFailure = ({ code, message, hint, cause, module }: Failure, isSaid: boolean): HTMLElement => {
  const causeCode = cause?.code === undefined ? '' : ` (${cause.code})`
  return html(
    'li',
    {},
    html(
      'p',
      { class: 'message' },
      isSaid ? `The failure above${module === undefined ? '' : `, in ${module}`}.` : `${message}.`,
    ),
    !isSaid && html('p', { class: 'hint' }, hint),
    cause !== undefined && html('p', { class: 'cause' }, `Cause: ${cause.name}${causeCode}`),
    html('code', {}, code),
  )
}

const renderPart = (title: string, ...content: readonly HTMLElement[]): HTMLElement =>
  html('section', {}, html('h4', {}, title), ...content)
