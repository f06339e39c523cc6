import type { ActionName } from '../../../stream/protocol.ts'
import { button, createKeyedList, html, setAttribute, setText, type View } from '../dom.ts'
import { describeFailure, joinNames, pluralize, shorten } from '../labels.ts'
import { initial, type Model, type Status } from '../model.ts'
import { formatCountdown, formatTime } from '../time.ts'
import type { ActionDialog } from './action-dialog.ts'
import { firstFailure } from './headline.ts'

/** Something that holds a change back or needs an operator. */
interface Matter {
  readonly key: string
  readonly title: string
  readonly text: string
  /** Wall-clock time at which it goes on by itself; undefined if it does not. */
  readonly until?: number | undefined
  /** What the countdown leads to. */
  readonly next?: string
  /** The call that does what an operator can do. */
  readonly command?: string
  readonly action?: ActionName
  readonly body?: object
}

/** Creates the list of what is held, why, until when, and what an operator can do. It is empty if all is well. */
export const createAttention = (dialog: ActionDialog): View<Model> => {
  const items = html('ul', { 'aria-label': 'Held changes and warnings' })
  const title = html('h2', { id: 'attention-title' }, 'What is held, and what you can do')
  const element = html('section', { id: 'attention', 'aria-labelledby': 'attention-title' }, title, items)
  let latest = initial
  const open = ({ action, body }: Matter): void => {
    if (action !== undefined) dialog.open(action, latest, body)
  }
  const list = createKeyedList(
    items,
    ({ key }: Matter) => key,
    (matter) => renderMatter(matter, () => open(matter)),
  )
  let known: readonly Matter[] = []
  const update = (model: Model): void => {
    latest = model
    const before = new Map(known.map((matter) => [JSON.stringify(matter), matter]))
    known = listMatters(model).map((matter) => before.get(JSON.stringify(matter)) ?? matter)
    setAttribute(element, 'hidden', known.length === 0)
    list.show(known)
    for (const { key, until, next = '' } of known) {
      const countdown = list.elementOf(key)?.querySelector('.countdown')
      if (countdown != null && until !== undefined) {
        setText(countdown, `${next} ${formatCountdown(until)}, at ${formatTime(until)}.`)
      }
    }
  }
  return { element, update }
}

const renderMatter = ({ title, text, until, command, action }: Matter, open: () => void): HTMLElement =>
  html(
    'li',
    { class: 'matter' },
    html('h3', {}, title),
    html('p', {}, text),
    until !== undefined && html('p', { class: 'countdown' }),
    command !== undefined && html('p', { class: 'command' }, html('code', {}, command)),
    action !== undefined && button(actionLabels[action] ?? action, { 'aria-haspopup': 'dialog' }, open),
  )

const actionLabels: Readonly<Partial<Record<ActionName, string>>> = {
  confirm: 'Confirm this change…',
  unfreeze: 'Unfreeze changes…',
  release: 'Release this config…',
  retry: 'Try it now…',
}

const listMatters = (model: Model): readonly Matter[] => {
  const { status, actions } = model
  if (status === undefined || status.state === 'closed') return []
  const matters = [
    ...describeCause(model),
    ...describeConfirmation(status),
    ...describeFrozen(status),
    ...describeRestart(status),
    ...describeWaiting(status),
    ...describeQuarantine(status),
    ...describeWarnings(status),
  ]
  return matters.map(({ action, ...matter }) =>
    action !== undefined && actions.includes(action) ? { ...matter, action } : matter,
  )
}

/** The headline has said what broke; this says what to do about it. */
const describeCause = (model: Model): readonly Matter[] => {
  const failure = firstFailure(model)
  if (failure === undefined) return []
  return [{ key: 'cause', title: 'What to do', text: failure.hint, command: failure.code }]
}

const describeConfirmation = ({ confirmation, serving }: Status): readonly Matter[] => {
  if (confirmation === undefined) return []
  const { transaction, until } = confirmation
  return [
    {
      key: 'confirmation',
      title: 'A change waits for its confirmation',
      text: `Revision ${shorten(serving?.revision.name ?? '')} serves, and is taken back unless somebody confirms it.`,
      until,
      next: 'It is rolled back',
      command: `reloader.confirm('${transaction}')`,
      action: 'confirm',
    },
  ]
}

const describeFrozen = ({ frozen }: Status): readonly Matter[] => {
  if (frozen === undefined) return []
  const { reason, by, since, waiting } = frozen
  const whom = by === undefined ? '' : ` by ${shorten(by, 100)}`
  const queue =
    waiting === undefined ? 'No newer document waits.' : `Revision ${shorten(waiting.name)} waits for the unfreeze.`
  const text = `Frozen since ${formatTime(since)}${whom}: “${shorten(reason, 300)}” ${queue}`
  return [{ key: 'frozen', title: 'Changes are frozen', text, command: 'reloader.unfreeze()', action: 'unfreeze' }]
}

const waitReasons: Readonly<Record<NonNullable<Status['waiting']>['reason'], string>> = {
  storm: 'the end of a storm of changes, which are applied as one',
  transaction: 'the end of the transaction that runs',
  soak: 'the end of the soak',
  confirmation: 'the confirmation of the change that serves',
  freeze: 'an unfreeze',
  quarantine: 'the end of its quarantine',
  module: 'a call of a module that has been abandoned and has not ended',
  build: 'a build of the service that it requires',
  restart: 'a restart of the service',
}

const ownEntries: ReadonlySet<unknown> = new Set(['freeze', 'quarantine', 'restart'])

const describeRestart = ({ restartPending }: Status): readonly Matter[] => {
  if (restartPending === undefined) return []
  const { paths, since, held } = restartPending
  const what = joinNames(paths.map((path) => shorten(path)))
  const text =
    held === undefined
      ? `The process has started with another ${what}; what serves has had the new one since ${formatTime(since)}.`
      : `Revision ${shorten(held.name)} changes ${what}. It is not applied before the service is restarted.`
  return [{ key: 'restart', title: 'A restart is needed', text }]
}

const describeWaiting = ({ waiting }: Status): readonly Matter[] => {
  // These have an entry of their own, which says more.
  if (waiting === undefined || ownEntries.has(waiting.reason)) return []
  const { revision, reason, until } = waiting
  const title = `Revision ${shorten(revision.name)} waits`
  return [{ key: 'waiting', title, text: `It waits for ${waitReasons[reason]}.`, until, next: 'It goes on' }]
}

const describeQuarantine = ({ quarantine, waiting }: Status): readonly Matter[] =>
  quarantine.map(({ digest, revision, reason, module, phase, count, since, nextTryAt }): Matter => {
    const place = [module && `module ${module}`, phase && `phase ${phase}`].filter(Boolean).join(', ')
    const isWaiting = waiting?.reason === 'quarantine' && waiting.revision.name === revision
    const failed = `Failed ${pluralize(count, 'time')}, the last time at ${formatTime(since)}`
    const ends = nextTryAt === undefined ? ' It is not tried again by itself.' : ''
    return {
      key: `quarantine ${digest}`,
      title: `Revision ${shorten(revision, 24)} is in quarantine`,
      text: `${reason}${place === '' ? '' : ` (${place})`}. ${failed}.${ends}`,
      until: nextTryAt,
      next: isWaiting ? 'It is tried again' : 'Its quarantine ends',
      command: isWaiting ? 'reloader.retry()' : `reloader.release({ digest: '${digest}' })`,
      action: isWaiting ? 'retry' : 'release',
      ...(isWaiting ? {} : { body: { digest } }),
    }
  })

const describeWarnings = ({ stale, persistence, source }: Status): readonly Matter[] => {
  const matters: Matter[] = []
  if (stale !== undefined) {
    const state = source.state.replace('-', ' ')
    const text = `What serves has not been compared with the source since ${formatTime(stale.since)}; the source is ${state}.`
    matters.push({ key: 'stale', title: 'The source is out of reach', text })
  }
  if (persistence?.lastError !== undefined) {
    const text = `${describeFailure(persistence.lastError)} ${persistence.lastError.hint}`
    matters.push({ key: 'persistence', title: 'The last known good config cannot be saved', text })
  }
  return matters
}
