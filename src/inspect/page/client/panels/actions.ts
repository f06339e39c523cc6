import type { ActionAnswer, ActionName } from '../../../stream/protocol.ts'
import { button, html, setAttribute, setText } from '../dom.ts'
import type { Model } from '../model.ts'
import { clockTime } from '../time.ts'

/** Sends an action; resolves with what came of it, in words. */
export interface Actions {
  readonly send: (name: ActionName, body: object) => Promise<{ readonly ok: boolean; readonly text: string }>
}

interface Ask {
  readonly label: string
  readonly title: string
  readonly text: string
  /** What is asked for besides a yes. */
  readonly field?: { readonly name: string; readonly label: string }
  /** What the value may be; without it, any text. */
  readonly choices?: (model: Model) => readonly { readonly value: string; readonly label: string }[]
}

const asks: Readonly<Record<ActionName, Ask>> = {
  reload: {
    label: 'Reload now',
    title: 'Reload now?',
    text: 'The source is read, and what it holds is applied if it differs.',
  },
  retry: {
    label: 'Retry quarantined',
    title: 'Retry what is in quarantine?',
    text: 'The document that failed is tried once more as it is.',
  },
  release: {
    label: 'Release quarantined',
    title: 'Release the quarantine?',
    text: 'What is known of configs that failed is forgotten, and the one that waits is tried.',
  },
  revert: {
    label: 'Revert…',
    title: 'Revert to an earlier revision?',
    text: 'Changes are frozen, and what served then is applied again as a transaction like any other. The source is not written.',
    field: { name: 'to', label: 'Revision' },
    choices: ({ status }) =>
      (status?.goodHistory ?? [])
        .filter(({ digest }) => digest !== status?.serving?.digest)
        .map(({ revision, digest, provedAt }) => ({
          value: digest,
          label: `${revision.name}, proved ${clockTime(provedAt)}`,
        })),
  },
  freeze: {
    label: 'Freeze…',
    title: 'Freeze changes?',
    text: 'Changes of the source wait until somebody unfreezes. What serves keeps serving.',
    field: { name: 'reason', label: 'Reason, for those who find it frozen' },
  },
  unfreeze: { label: 'Unfreeze', title: 'Unfreeze?', text: 'The newest document that waited is applied.' },
  confirm: {
    label: 'Confirm',
    title: 'Confirm this change?',
    text: 'What serves now becomes the last known good. Without a confirmation it is swapped back at its deadline.',
  },
}

/** Those that would do something now. */
const isOffered = (name: ActionName, { status }: Model): boolean => {
  switch (name) {
    case 'freeze':
    case 'reload':
      return status?.frozen === undefined
    case 'unfreeze':
      return status?.frozen !== undefined
    case 'retry':
    case 'release':
      return (status?.quarantine.length ?? 0) > 0
    case 'revert':
      return (status?.goodHistory.length ?? 0) > 1
    case 'confirm':
      return status?.confirmation !== undefined
  }
}

/** One dialog for all actions: nothing is sent without a second step. */
const dialogFor = ({ send }: Actions) => {
  const title = html('h2', { id: 'ask' })
  const text = html('p', {})
  const label = html('span', {})
  const input = html('input', { type: 'text', autocomplete: 'off', maxlength: 200 })
  const select = html('select')
  const field = html('label', {}, label, input, select)
  const answer = html('p', { class: 'answer', role: 'status' })
  let run: () => void = () => {}
  const yes = button('', { class: 'primary' }, () => run())
  const no = button('Cancel', {}, () => dialog.close())
  const element = html(
    'dialog',
    { 'aria-labelledby': 'ask' },
    title,
    text,
    field,
    answer,
    html('p', { class: 'row' }, no, yes),
  )
  const dialog = element
  input.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') run()
  })

  const open = (name: ActionName, more: object, model: Model): void => {
    const ask = asks[name]
    setText(title, ask.title)
    setText(text, ask.text)
    setText(answer, '')
    setText(yes, ask.label.replace('…', ''))
    setText(no, 'Cancel')
    yes.disabled = false
    input.value = ''
    select.replaceChildren(
      ...(ask.choices?.(model) ?? []).map(({ value, label: text }) => html('option', { value }, text)),
    )
    setAttribute(field, 'hidden', ask.field === undefined)
    setAttribute(input, 'hidden', ask.choices !== undefined)
    setAttribute(select, 'hidden', ask.choices === undefined)
    setText(label, ask.field?.label ?? '')
    run = () => {
      const value = (ask.choices === undefined ? input.value : select.value).trim()
      if (yes.disabled) return
      if (ask.field !== undefined && value === '') return input.focus()
      yes.disabled = true
      setText(answer, 'Asking the service…')
      const body = ask.field === undefined ? more : { ...more, [ask.field.name]: value }
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
  const element = html(
    'div',
    { class: 'actions', role: 'group', 'aria-label': 'Actions', hidden: true },
    buttons,
    dialog.element,
  )
  let shown = ''
  let latest: Model | undefined
  const update = (model: Model): void => {
    const offered = model.actions.filter((name) => isOffered(name, model))
    setAttribute(element, 'hidden', offered.length === 0)
    latest = model
    if (offered.join() === shown) return
    shown = offered.join()
    buttons.replaceChildren(
      ...offered.map((name) =>
        button(asks[name].label, { 'data-action': name, 'aria-haspopup': 'dialog' }, () => {
          const transaction = latest?.status?.confirmation?.transaction
          if (latest !== undefined) dialog.open(name, name === 'confirm' ? { transaction } : {}, latest)
        }),
      ),
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
