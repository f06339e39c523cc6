import type { ActionName } from '../../../stream/protocol.ts'
import { button, html, setAttribute, setText, type View } from '../dom.ts'
import { initial, type Model, type Status } from '../model.ts'
import type { ActionMessage } from '../requests.ts'
import { formatTime } from '../time.ts'

export type SendAction = (name: ActionName, body: object) => Promise<ActionMessage>

/** Creates the buttons of the actions, if the service allows any. */
export const createActions = (send: SendAction): View<Model> => {
  const buttons = html('div', { class: 'row' })
  const dialog = createDialog(send)
  const element = html(
    'div',
    { class: 'actions', role: 'group', 'aria-label': 'Actions', hidden: true },
    buttons,
    dialog.element,
  )
  let shown = ''
  let latest = initial
  const update = (model: Model): void => {
    const { actions, status } = model
    const applicable = status === undefined ? [] : actions.filter((name) => prompts[name].isApplicable(status))
    setAttribute(element, 'hidden', applicable.length === 0)
    latest = model
    if (applicable.join() === shown) return
    shown = applicable.join()
    buttons.replaceChildren(
      ...applicable.map((name) =>
        button(prompts[name].label, { 'data-action': name, 'aria-haspopup': 'dialog' }, () =>
          dialog.open(name, latest),
        ),
      ),
    )
  }
  return { element, update }
}

interface Prompt {
  /** Whether the action would have an effect now. */
  readonly isApplicable: (status: Status) => boolean
  readonly label: string
  readonly title: string
  readonly text: string
  /** A value that the user must enter. */
  readonly field?: { readonly name: string; readonly label: string }
  /** The values to choose from; absent, any text is accepted. */
  readonly choices?: (model: Model) => readonly { readonly value: string; readonly label: string }[]
}

const prompts: Readonly<Record<ActionName, Prompt>> = {
  reload: {
    isApplicable: ({ frozen }) => frozen === undefined,
    label: 'Reload now',
    title: 'Reload now?',
    text: 'Reads the source and applies its document if the config differs.',
  },
  retry: {
    isApplicable: ({ quarantine }) => quarantine.length > 0,
    label: 'Retry quarantined',
    title: 'Retry the quarantined document?',
    text: 'Tries the document that failed once more, unchanged.',
  },
  release: {
    isApplicable: ({ quarantine }) => quarantine.length > 0,
    label: 'Release quarantine',
    title: 'Release the quarantine?',
    text: 'Forgets which configs failed and tries the one that is waiting.',
  },
  revert: {
    isApplicable: ({ goodHistory }) => goodHistory.length > 1,
    label: 'Revert…',
    title: 'Revert to an earlier revision?',
    text: 'Freezes changes and applies the earlier config again, as a normal transaction. The source is not written.',
    field: { name: 'to', label: 'Revision' },
    choices: ({ status }) =>
      (status?.goodHistory ?? [])
        .filter(({ digest }) => digest !== status?.serving?.digest)
        .map(({ revision, digest, provedAt }) => ({
          value: digest,
          label: `${revision.name}, passed its soak at ${formatTime(provedAt)}`,
        })),
  },
  freeze: {
    isApplicable: ({ frozen }) => frozen === undefined,
    label: 'Freeze…',
    title: 'Freeze changes?',
    text: 'Changes of the source wait until they are unfrozen. The current config keeps serving.',
    field: { name: 'reason', label: 'Reason, shown to everyone' },
  },
  unfreeze: {
    isApplicable: ({ frozen }) => frozen !== undefined,
    label: 'Unfreeze',
    title: 'Unfreeze changes?',
    text: 'Applies the newest document that waited.',
  },
  confirm: {
    isApplicable: ({ confirmation }) => confirmation !== undefined,
    label: 'Confirm',
    title: 'Confirm this change?',
    text: 'The serving config becomes the last known good. Without confirmation it is rolled back at its deadline.',
  },
}

/** Creates the dialog that confirms every action, so that a single click sends nothing. */
const createDialog = (send: SendAction) => {
  const title = html('h2', { id: 'prompt' })
  const text = html('p', {})
  const label = html('span', {})
  const input = html('input', { type: 'text', autocomplete: 'off', maxlength: 200 })
  const select = html('select')
  const field = html('label', {}, label, input, select)
  const answer = html('p', { class: 'answer', role: 'status' })
  let submit: () => void = () => {}
  const submitButton = button('', { class: 'primary' }, () => submit())
  const closeButton = button('Cancel', {}, () => element.close())
  const buttons = html('p', { class: 'row' }, closeButton, submitButton)
  const element = html('dialog', { 'aria-labelledby': 'prompt' }, title, text, field, answer, buttons)
  input.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter') submit()
  })

  const show = (prompt: Prompt, model: Model): void => {
    setText(title, prompt.title)
    setText(text, prompt.text)
    setText(answer, '')
    setText(submitButton, prompt.label.replace('…', ''))
    setText(closeButton, 'Cancel')
    submitButton.disabled = false
    input.value = ''
    const choices = prompt.choices?.(model) ?? []
    select.replaceChildren(...choices.map(({ value, label }) => html('option', { value }, label)))
    setAttribute(field, 'hidden', prompt.field === undefined)
    setAttribute(input, 'hidden', prompt.choices !== undefined)
    setAttribute(select, 'hidden', prompt.choices === undefined)
    setText(label, prompt.field?.label ?? '')
  }

  const open = (name: ActionName, model: Model): void => {
    const prompt = prompts[name]
    const body = name === 'confirm' ? { transaction: model.status?.confirmation?.transaction } : {}
    show(prompt, model)
    submit = () => {
      const value = (prompt.choices === undefined ? input.value : select.value).trim()
      if (submitButton.disabled) return
      if (prompt.field !== undefined && value === '') return input.focus()
      submitButton.disabled = true
      setText(answer, 'Sending…')
      void send(name, prompt.field === undefined ? body : { ...body, [prompt.field.name]: value }).then((message) => {
        setText(answer, message.text)
        setAttribute(answer, 'data-ok', String(message.ok))
        setText(closeButton, 'Close')
        submitButton.disabled = message.ok
        if (message.ok) closeButton.focus()
      })
    }
    element.showModal()
    if (prompt.field === undefined) closeButton.focus()
  }
  return { element, open }
}
