import { type Actions, actionBar } from './actions.ts'
import { html, setAttribute, setText } from './dom.ts'
import type { Link, Model } from './model.ts'
import { clockTime, now, span } from './time.ts'
import { lastErrorOf, verdictOf } from './verdict.ts'
import { short } from './words.ts'

const fact = (name: string): { readonly row: HTMLElement; readonly value: HTMLElement; readonly note: HTMLElement } => {
  const value = html('span', { class: 'value' })
  const note = html('span', { class: 'note' })
  return { row: html('div', { class: 'fact' }, html('dt', {}, name), html('dd', {}, value, note)), value, note }
}

const sourceWords: Readonly<Record<string, string>> = {
  connecting: 'connecting',
  opening: 'opening the watch',
  're-reading': 'verifying',
  watching: 'watching',
  compacted: 'compacted, reading again',
  'backing-off': 'backing off',
  closed: 'closed',
}

const linkText = (link: Link): string | undefined => {
  switch (link.kind) {
    case 'lost':
      return `No connection to the service since ${clockTime(link.since)}. Trying again by itself; what stands below is from before.`
    case 'gone':
      return 'This address has come to its end, most likely because the service was restarted. Open the new link that it printed.'
    case 'ended':
      return link.reason === 'reloader.closed'
        ? `The service closed its reloader at ${clockTime(link.at)}. What stands below is the last that was heard.`
        : `The inspector was closed at ${clockTime(link.at)}. What stands below is the last that was heard.`
    default:
      return undefined
  }
}

/** The header that is read in one second. */
export const header = (actions: Actions): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const glyph = html('span', { class: 'glyph', 'aria-hidden': 'true' })
  const title = html('h1', { id: 'verdict' })
  const since = html('p', { class: 'since' })
  const text = html('p', { class: 'text' })
  const serving = fact('Serves')
  const holds = fact('Source holds')
  const source = fact('Source')
  const error = fact('Last error')
  const bar = actionBar(actions)
  const link = html('p', { class: 'link', role: 'status' })
  const verdict = html('div', { class: 'verdict' }, glyph, html('div', {}, title, since, text))
  const facts = html('dl', { class: 'facts' }, serving.row, holds.row, source.row, error.row)
  const element = html('header', { class: 'top', 'aria-labelledby': 'verdict' }, link, verdict, facts, bar.element)

  const update = (model: Model): void => {
    const { tone, ...said } = verdictOf(model)
    setAttribute(element, 'data-tone', tone)
    setText(glyph, said.glyph)
    setText(title, said.title)
    setText(text, said.text)
    setText(since, said.since === undefined ? '' : `since ${clockTime(said.since)} · ${span(now() - said.since)}`)
    const { status } = model
    setText(serving.value, status?.serving === undefined ? 'nothing' : short(status.serving.revision.name))
    const isLastGood = status?.serving?.digest === status?.lastGood?.digest
    setText(serving.note, status?.serving === undefined ? '' : isLastGood ? 'proved' : 'not proved yet')
    setText(holds.value, status?.source.revision === undefined ? 'not known' : short(status.source.revision.name))
    setText(holds.note, status?.inSync === true ? 'the same' : status?.serving === undefined ? '' : 'another')
    setText(source.value, status === undefined ? 'not known' : (sourceWords[status.source.state] ?? status.source.state))
    setText(source.note, status === undefined ? '' : `${short(status.source.name)} · ${short(status.source.endpoint, 60)}`)
    const last = lastErrorOf(model)
    setText(error.value, last.text)
    setText(error.note, last.hint ?? (last.text === 'none' || last.isCurrent ? '' : 'past'))
    setAttribute(error.row, 'data-current', last.isCurrent)
    setAttribute(source.row, 'data-current', status?.source.state === 'backing-off')
    const linkSays = linkText(model.link)
    setText(link, linkSays ?? '')
    setAttribute(link, 'hidden', linkSays === undefined)
    setAttribute(document.documentElement, 'data-link', model.link.kind)
    bar.update(model)
  }

  return { element, update }
}
