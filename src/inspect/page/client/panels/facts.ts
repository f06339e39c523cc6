import type { Failure } from '../../../../model/failure.ts'
import { html, setAttribute, setText, type View } from '../dom.ts'
import { describeFailure, shorten } from '../labels.ts'
import type { Model, Status } from '../model.ts'
import { formatTime } from '../time.ts'

/** Creates the four facts beside the headline. */
export const createFacts = (): View<Model> => {
  const serving = createFact('Serving')
  const newest = createFact('Source revision')
  const source = createFact('Source')
  const error = createFact('Last error')
  const element = html('dl', { class: 'facts' }, serving.row, newest.row, source.row, error.row)

  const showStatus = ({ serving: serves, lastKnownGood, inSync, source: { revision, ...from } }: Status): void => {
    setText(serving.value, serves === undefined ? 'nothing' : shorten(serves.revision.name))
    const soak = serves?.digest === lastKnownGood?.digest ? 'soak passed' : 'soak not passed'
    setText(serving.note, serves === undefined ? '' : soak)
    setText(newest.value, revision === undefined ? 'unknown' : shorten(revision.name))
    const comparison = inSync ? 'same config' : 'different config'
    setText(newest.note, serves === undefined || revision === undefined ? '' : comparison)
    setText(source.value, sourceStates[from.state] ?? from.state)
    setText(source.note, `${shorten(from.name)} · ${shorten(from.endpoint, 60)}`)
    setAttribute(source.row, 'data-current', from.state === 'backing-off')
  }

  const update = (model: Model): void => {
    if (model.status !== undefined) showStatus(model.status)
    const { text, note, isCurrent } = describeLastError(model)
    setText(error.value, text)
    setText(error.note, note)
    setAttribute(error.row, 'data-current', isCurrent)
  }
  return { element, update }
}

interface Fact {
  readonly row: HTMLElement
  readonly value: HTMLElement
  readonly note: HTMLElement
}

const createFact = (name: string): Fact => {
  const value = html('span', { class: 'value' })
  const note = html('span', { class: 'note' })
  return { row: html('div', { class: 'fact' }, html('dt', {}, name), html('dd', {}, value, note)), value, note }
}

const sourceStates: Readonly<Record<string, string>> = {
  connecting: 'connecting',
  opening: 'opening the watch',
  're-reading': 'verifying',
  watching: 'watching',
  compacted: 'compacted, re-reading',
  'backing-off': 'backing off',
  closed: 'closed',
}

interface LastError {
  readonly text: string
  /** The hint of a current error, or the time of an earlier one. */
  readonly note: string
  readonly isCurrent: boolean
}

const connectedStates: ReadonlySet<string> = new Set(['watching', 're-reading', 'opening', 'closed'])

/** Describes the last failure of the source, a transaction or a module. */
const describeLastError = ({ status, summaries, reported }: Model): LastError => {
  if (status === undefined) return { text: 'unknown', note: '', isCurrent: false }
  const { lastError, state } = status.source
  if (lastError !== undefined && !connectedStates.has(state)) return describeCurrent(lastError)
  const last = summaries.at(-1)
  if (last?.failure !== undefined) return describeCurrent(last.failure)
  const earlier = summaries.findLast(({ failure }) => failure !== undefined)
  const late = reported.at(-1)
  if (late !== undefined && late.at > (earlier?.startedAt ?? 0)) return describeEarlier(late, late.at)
  if (earlier?.failure !== undefined) return describeEarlier(earlier.failure, earlier.startedAt)
  return lastError === undefined ? { text: 'none', note: '', isCurrent: false } : describeEarlier(lastError)
}

const describeCurrent = (failure: Failure): LastError => ({
  text: describeFailure(failure),
  note: failure.hint,
  isCurrent: true,
})

const describeEarlier = (failure: Failure, at?: number): LastError => ({
  text: describeFailure(failure),
  note: at === undefined ? 'earlier' : `earlier, at ${formatTime(at)}`,
  isCurrent: false,
})
