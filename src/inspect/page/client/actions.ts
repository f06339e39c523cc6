import type { ActionAnswer, ActionName } from '../../wire.ts'
import { button, html, setAttribute, setText } from './dom.ts'
import type { Model } from './model.ts'

/** Sends an action; resolves with what came of it, in words. */
export interface Actions {
  readonly send: (name: ActionName, body: object) => Promise<{ readonly ok: boolean; readonly text: string }>
}

interface Ask {
  readonly label: string
  readonly title: string
  readonly text: string
  /** What is asked for besides a yes. */
  readonly field?: { readonly name: string; readonly label: string; readonly isNeeded: boolean }
}

const asks: Readonly<Record<Exclude<ActionName, 'confirm'>, Ask>> = {
  reload: { label: 'Reload now', title: 'Reload now?', text: 'The source is read, and what it holds is applied if it differs.' },
  retry: {
    label: 'Retry',
    title: 'Retry what is in quarantine?',
    text: 'The document that failed is tried once more as it is.',
  },
  release: {
    label: 'Release',
    title: 'Release the quarantine?',
    text: 'Documents that failed may be tried again when the source tells of them.',
  },
  revert: {
    label: 'Revert…',
    title: 'Revert to an earlier revision?',
    text: 'What served at that revision is applied again, as a transaction like any other. The source is not written.',
    field: { name: 'to', label: 'Revision (empty: the one before)', isNeeded: false },
  },
  freeze: {
    label: 'Freeze…',
    title: 'Freeze changes?',
    text: 'Changes of the source wait until somebody unfreezes. What serves keeps serving.',
    field: { name: 'reason', label: 'Reason, for those who find it frozen', isNeeded: true },
  },
  unfreeze: { label: 'Unfreeze', title: 'Unfreeze?', text: 'The newest document that waited is applied.' },
}

const isOffered = (name: ActionName, { charts }: Model): boolean => {
  const isFrozen = charts.admission?.state === 'frozen'
  if (name === 'freeze') return !isFrozen
  if (name === 'unfreeze') return isFrozen
  return name !== 'confirm' || charts.reload?.state === 'confirming'
}

const askOf = (name: ActionName): Ask =>
  name === 'confirm'
    ? {
        label: 'Confirm',
        title: 'Confirm this change?',
        text: 'What serves now becomes the last known good. Without a confirmation it is swapped back at its deadline.',
      }
    : asks[name]

/** One dialog for all actions: nothing is sent without a second step. */
const dialogFor = ({ send }: Actions) => {
  const title = html('h2', { id: 'ask' })
  const text = html('p', {})
  const label = html('span', {})
  const input = html('input', { type: 'text', autocomplete: 'off', maxlength: 200 })
  const field = html('label', {}, label, input)
  const answer = html('p', { class: 'answer', role: 'status' })
  let run: () => void = () => {}
  const yes = button('', { class: 'primary' }, () => run())
  const no = button('Cancel', {}, () => dialog.close())
  const element = html('dialog', { 'aria-labelledby': 'ask' }, title, text, field, answer, html('p', { class: 'row' }, no, yes))
  const dialog = element
  input.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') run()
  })

  const open = (name: ActionName, more: object): void => {
    const ask = askOf(name)
    setText(title, ask.title)
    setText(text, ask.text)
    setText(answer, '')
    setText(yes, ask.label.replace('…', ''))
    setText(no, 'Cancel')
    yes.disabled = false
    input.value = ''
    setAttribute(field, 'hidden', ask.field === undefined)
    setText(label, ask.field?.label ?? '')
    run = () => {
      const value = input.value.trim()
      if (ask.field?.isNeeded === true && value === '') return input.focus()
      if (yes.disabled) return
      yes.disabled = true
      setText(answer, 'Asking the service…')
      const body = ask.field === undefined || value === '' ? more : { ...more, [ask.field.name]: value }
      void send(name, body).then(({ ok, text: said }) => {
        setText(answer, said)
        setAttribute(answer, 'data-ok', String(ok))
        setText(no, 'Close')
        yes.disabled = ok
        if (ok) no.focus()
      })
    }
    element.showModal()
    if (ask.field === undefined) no.focus()
  }
  return { element, open }
}

/** The actions, where the service lets the page have any. */
export const actionBar = (
  actions: Actions,
): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const buttons = html('div', { class: 'row' })
  const dialog = dialogFor(actions)
  const element = html('div', { class: 'actions', role: 'group', 'aria-label': 'Actions', hidden: true }, buttons, dialog.element)
  let shown = ''
  const update = (model: Model): void => {
    const offered = model.actions.filter((name) => isOffered(name, model))
    setAttribute(element, 'hidden', offered.length === 0)
    const running = model.heads.at(-1)?.id
    const key = `${offered.join()} ${offered.includes('confirm') ? running : ''}`
    if (key === shown) return
    shown = key
    buttons.replaceChildren(
      ...offered.map((name) => {
        const more = name === 'confirm' ? { transaction: running } : {}
        return button(askOf(name).label, { 'data-action': name, 'aria-haspopup': 'dialog' }, () => dialog.open(name, more))
      }),
    )
  }
  return { element, update }
}

/** What an action answered, in words. */
export const answerText = (answer: ActionAnswer): { readonly ok: boolean; readonly text: string } => {
  if (!answer.ok) return { ok: false, text: `${answer.failure.message}. ${answer.failure.hint}` }
  if (answer.pending === true) return { ok: true, text: 'It goes on; the page shows how it ends.' }
  return { ok: true, text: answer.outcome === undefined ? 'Done.' : `Done: ${answer.outcome}.` }
}
