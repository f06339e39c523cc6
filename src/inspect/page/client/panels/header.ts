import { html, setAttribute, setText, type View } from '../dom.ts'
import type { Connection, Model } from '../model.ts'
import { formatElapsed, formatTime, now } from '../time.ts'
import { createActions, type SendAction } from './actions.ts'
import { createBanners } from './banners.ts'
import { createFacts } from './facts.ts'
import { describeHeadline } from './headline.ts'

/** Creates the header, which an operator reads at a glance. */
export const createHeader = (send: SendAction): View<Model> => {
  const glyph = html('span', { class: 'glyph', 'aria-hidden': 'true' })
  const title = html('h1', { id: 'headline' })
  const since = html('p', { class: 'since' })
  const text = html('p', { class: 'text' })
  const headline = html('div', { class: 'headline' }, glyph, html('div', {}, title, since, text))
  const connection = createConnectionBar()
  const facts = createFacts()
  const actions = createActions(send)
  const banners = createBanners()
  const parts = [connection.element, headline, facts.element, actions.element, banners.element]
  const element = html('header', { class: 'top', 'aria-labelledby': 'headline' }, ...parts)

  const update = (model: Model): void => {
    const next = describeHeadline(model)
    setAttribute(element, 'data-tone', next.tone)
    setText(glyph, next.glyph)
    setText(title, next.title)
    setText(text, next.text)
    const { since: at } = next
    setText(since, at === undefined ? '' : `since ${formatTime(at)} · ${formatElapsed(now() - at)}`)
    connection.update(model.connection)
    facts.update(model)
    actions.update(model)
    banners.update(model.status, next.topic)
  }

  return { element, update }
}

/** Creates the bar above everything else that shows a lost connection. */
const createConnectionBar = (): View<Connection> => {
  const element = html('p', { class: 'connection', role: 'status' })
  const update = (connection: Connection): void => {
    const text = describeConnection(connection)
    setText(element, text ?? '')
    setAttribute(element, 'hidden', text === undefined)
    setAttribute(document.documentElement, 'data-connection', connection.kind)
  }
  return { element, update }
}

const describeConnection = (connection: Connection): string | undefined => {
  switch (connection.kind) {
    case 'lost':
      return `No connection to the service since ${formatTime(connection.since)}. Reconnecting automatically; the data below may be out of date.`
    case 'expired':
      return 'This address no longer works, probably because the service restarted. Open the new link that it printed.'
    case 'ended': {
      const event = connection.reason === 'reloader.closed' ? 'The service closed its reloader' : 'The inspector closed'
      return `${event} at ${formatTime(connection.at)}. The data below is no longer updated.`
    }
    default:
      return undefined
  }
}
