import { html, setAttribute, setText, type View } from '../dom.ts'
import { describeFailure, joinNames, shorten } from '../labels.ts'
import type { Model, Status } from '../model.ts'
import { formatTime } from '../time.ts'
import { firstFailure } from './headline.ts'

/** Creates the facts beside the headline. What is broken now stands in the headline; only what broke earlier is here. */
export const createFacts = (): View<Model> => {
  const serving = createFact('Serving')
  const newest = createFact('Source revision')
  const source = createFact('Source')
  const error = createFact('Earlier failure')
  const element = html('dl', { class: 'facts' }, serving.row, newest.row, source.row, error.row)

  const showStatus = ({ serving: serves, lastKnownGood, inSync, source: { revision, ...from } }: Status): void => {
    setText(serving.value, serves === undefined ? 'nothing' : shorten(serves.revision.name))
    const soak = serves?.digest === lastKnownGood?.digest ? 'soak passed' : 'soak not passed'
    setText(serving.note, serves === undefined ? '' : soak)
    setText(newest.value, revision === undefined ? 'unknown' : shorten(revision.name))
    const comparison = inSync ? 'same config' : 'different config'
    setText(newest.note, serves === undefined || revision === undefined ? '' : comparison)
    const lost = (from.layers ?? []).filter(({ stale }) => stale !== undefined).map(({ name }) => name)
    const state = sourceStates[from.state] ?? from.state
    setText(source.value, lost.length === 0 ? state : `${state}, without ${joinNames(lost, 2)}`)
    setText(source.note, `${shorten(from.name)} · ${shorten(from.endpoint, 60)}`)
    setAttribute(source.row, 'data-current', from.state === 'backing-off' || lost.length > 0)
  }

  const update = (model: Model): void => {
    if (model.status !== undefined) showStatus(model.status)
    const { text, note } = describeEarlierFailure(model)
    setText(error.value, text)
    error.value.title = text
    setText(error.note, note)
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

/** Describes the last failure that is over: of a transaction or a module. */
const describeEarlierFailure = (model: Model): { readonly text: string; readonly note: string } => {
  const { summaries, reported } = model
  const current = firstFailure(model)
  const failed = summaries.findLast(({ failure }) => failure !== undefined && failure.code !== current?.code)
  const late = reported.at(-1)
  const isLate = late !== undefined && late.at > (failed?.startedAt ?? 0)
  const failure = isLate ? late : failed?.failure
  const at = isLate ? late.at : failed?.startedAt
  if (failure === undefined || at === undefined) return { text: 'none', note: '' }
  return { text: describeFailure(failure), note: `at ${formatTime(at)}` }
}
