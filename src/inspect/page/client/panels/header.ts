import { html, setAttribute, setText, type View } from '../dom.ts'
import { shorten } from '../labels.ts'
import type { Connection, Model } from '../model.ts'
import { formatElapsed, formatTime, now } from '../time.ts'
import type { ActionDialog } from './action-dialog.ts'
import { createActions } from './actions.ts'
import { createFacts } from './facts.ts'
import { describeHeadline } from './headline.ts'

/** Creates the header, which an operator reads at a glance. */
export const createHeader = (dialog: ActionDialog): View<Model> => {
  const glyph = html('span', { class: 'glyph', 'aria-hidden': 'true' })
  const title = html('h1', { id: 'headline' })
  const since = html('p', { class: 'since' })
  const text = html('p', { class: 'text' })
  const headline = html(
    'div',
    { class: 'headline' },
    glyph,
    html('div', {}, html('div', { class: 'title' }, title, since), text),
  )
  const connection = createConnectionBar()
  const facts = createFacts()
  const actions = createActions(dialog)
  const identity = html('p', { class: 'identity' })
  const parts = [connection.element, identity, headline, facts.element, actions.element]
  const element = html('header', { class: 'top', 'aria-labelledby': 'headline' }, ...parts)

  const update = (model: Model): void => {
    const next = describeHeadline(model)
    setAttribute(element, 'data-tone', next.tone)
    setText(glyph, next.glyph)
    setText(title, next.title)
    setText(text, next.text)
    text.title = next.text
    const { since: at } = next
    setText(since, at === undefined ? '' : `since ${formatTime(at)} · ${formatElapsed(now() - at)}`)
    connection.update(model.connection)
    facts.update(model)
    actions.update(model)
    const named = model.service === undefined ? '' : describeService(model.service)
    setText(identity, named)
    identity.title = named
    setAttribute(identity, 'hidden', named === '' || describeConnection(model.connection) !== undefined)
  }

  return { element, update }
}

/** `shop 1.4.2 · host web-7 · pid 4711 · build 9f1c · started 14:02:11, 3 h ago`. */
const describeService = ({ name, version, host, pid, build, startedAt }: NonNullable<Model['service']>): string =>
  [
    version === undefined ? shorten(name, 60) : `${shorten(name, 60)} ${shorten(version, 40)}`,
    `host ${shorten(host, 60)}`,
    `pid ${pid}`,
    ...(build === undefined ? [] : [`build ${shorten(build, 40)}`]),
    `started ${formatTime(startedAt)}, ${formatElapsed(now() - startedAt)} ago`,
  ].join(' · ')

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
