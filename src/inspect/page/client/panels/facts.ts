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

const createFact = (name: string) => {
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

const connectedStates: ReadonlySet<string> = new Set(['watching', 're-reading', 'opening', 'closed'])

/** Describes the last failure of the source, a transaction or a module. A current one comes with its hint. */
const describeLastError = ({ status, summaries, reported }: Model) => {
  if (status === undefined) return { text: 'unknown', note: '', isCurrent: false }
  const { lastError, state } = status.source
  const current = connectedStates.has(state) ? undefined : lastError
  const newest = current ?? summaries.at(-1)?.failure
  if (newest !== undefined) return { text: describeFailure(newest), note: newest.hint, isCurrent: true }
  const failed = summaries.findLast(({ failure }) => failure !== undefined)
  const late = reported.at(-1)
  const isLate = late !== undefined && late.at > (failed?.startedAt ?? 0)
  const earlier = isLate ? late : (failed?.failure ?? lastError)
  if (earlier === undefined) return { text: 'none', note: '', isCurrent: false }
  const at = isLate ? late.at : failed?.startedAt
  const note = at === undefined ? 'earlier' : `earlier, at ${formatTime(at)}`
  return { text: describeFailure(earlier), note, isCurrent: false }
}
