import { type Actions, actionBar } from './actions.ts'
import { html, setAttribute, setText } from '../dom.ts'
import type { Link, Model, Status } from '../model.ts'
import { clockTime, now, span } from '../time.ts'
import { noticesOf } from './banners.ts'
import { lastErrorOf, type Verdict, verdictOf } from './headline.ts'
import { short } from '../labels.ts'

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

/** The four facts beside the verdict. */
const factList = (): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const serving = fact('Serves')
  const holds = fact('Source holds')
  const source = fact('Source')
  const error = fact('Last error')
  const element = html('dl', { class: 'facts' }, serving.row, holds.row, source.row, error.row)

  const showRevisions = ({ serving: serves, lastKnownGood, inSync, source: { revision } }: Status): void => {
    setText(serving.value, serves === undefined ? 'nothing' : short(serves.revision.name))
    const proof = serves?.digest === lastKnownGood?.digest ? 'proved' : 'not proved yet'
    setText(serving.note, serves === undefined ? '' : proof)
    setText(holds.value, revision === undefined ? 'not known' : short(revision.name))
    const comparison = inSync ? 'the same' : 'another'
    setText(holds.note, serves === undefined || revision === undefined ? '' : comparison)
  }

  const update = (model: Model): void => {
    const { status } = model
    if (status !== undefined) {
      const { state, name, endpoint } = status.source
      showRevisions(status)
      setText(source.value, sourceWords[state] ?? state)
      setText(source.note, `${short(name)} · ${short(endpoint, 60)}`)
      setAttribute(source.row, 'data-current', state === 'backing-off')
    }
    const last = lastErrorOf(model)
    setText(error.value, last.text)
    setText(error.note, last.isCurrent ? (last.hint ?? '') : last.note)
    setAttribute(error.row, 'data-current', last.isCurrent)
  }
  return { element, update }
}

/** A bar over all else where the page does not hear from the service. */
const linkBar = (): { readonly element: HTMLElement; readonly update: (link: Link) => void } => {
  const element = html('p', { class: 'link', role: 'status' })
  const update = (link: Link): void => {
    const text = linkText(link)
    setText(element, text ?? '')
    setAttribute(element, 'hidden', text === undefined)
    setAttribute(document.documentElement, 'data-link', link.kind)
  }
  return { element, update }
}

type NoticeUpdate = (status: Status | undefined, about: Verdict['about']) => void

/** What else must be known, and the verdict leaves out. */
const noticeList = (): { readonly element: HTMLElement; readonly update: NoticeUpdate } => {
  const element = html('ul', { class: 'notices', 'aria-label': 'To be known' })
  let shown = ''
  const update: NoticeUpdate = (status, about) => {
    const notices = status === undefined ? [] : noticesOf(status, about)
    setAttribute(element, 'hidden', notices.length === 0)
    if (notices.join('\n') === shown) return
    shown = notices.join('\n')
    element.replaceChildren(...notices.map((notice) => html('li', {}, notice)))
  }
  return { element, update }
}

/** The header that is read in one second. */
export const header = (
  actions: Actions,
): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const glyph = html('span', { class: 'glyph', 'aria-hidden': 'true' })
  const title = html('h1', { id: 'verdict' })
  const since = html('p', { class: 'since' })
  const text = html('p', { class: 'text' })
  const verdict = html('div', { class: 'verdict' }, glyph, html('div', {}, title, since, text))
  const link = linkBar()
  const facts = factList()
  const bar = actionBar(actions)
  const notices = noticeList()
  const parts = [link.element, verdict, facts.element, bar.element, notices.element]
  const element = html('header', { class: 'top', 'aria-labelledby': 'verdict' }, ...parts)

  const update = (model: Model): void => {
    const said = verdictOf(model)
    setAttribute(element, 'data-tone', said.tone)
    setText(glyph, said.glyph)
    setText(title, said.title)
    setText(text, said.text)
    setText(since, said.since === undefined ? '' : `since ${clockTime(said.since)} · ${span(now() - said.since)}`)
    link.update(model.link)
    facts.update(model)
    bar.update(model)
    notices.update(model.status, said.about)
  }

  return { element, update }
}
