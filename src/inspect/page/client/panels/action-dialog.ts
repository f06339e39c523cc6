import type { ActionName, RevertPreview } from '../../../stream/protocol.ts'
import { button, html, setAttribute, setText } from '../dom.ts'
import { joinNames } from '../labels.ts'
import type { Model } from '../model.ts'
import type { ActionMessage } from '../requests.ts'
import { type Prompt, prompts } from './action-prompts.ts'
import { renderDiff } from './config-diff.ts'

export type SendAction = (name: ActionName, body: object) => Promise<ActionMessage>

export type ActionDialog = ReturnType<typeof createActionDialog>

/** Creates the dialog that confirms every action, so that a single click sends nothing. */
export const createActionDialog = (send: SendAction, preview: (digest: string) => Promise<RevertPreview>) => {
  const title = html('h2', { id: 'prompt' })
  const text = html('p', {})
  const label = html('span', {})
  const input = html('input', { type: 'text', autocomplete: 'off', maxlength: 200 })
  const select = html('select')
  const field = html('label', {}, label, input, select)
  const by = html('input', { type: 'text', autocomplete: 'name', maxlength: 100 })
  const byLabel = html('span', {})
  const optional = html('label', {}, byLabel, by)
  const changes = html('div', { class: 'preview', 'aria-live': 'polite' })
  const answer = html('p', { class: 'answer', role: 'status' })
  let submit: () => void = () => {}
  const submitButton = button('', { class: 'primary' }, () => submit())
  const closeButton = button('Cancel', {}, () => element.close())
  const buttons = html('p', { class: 'row' }, closeButton, submitButton)
  const element = html(
    'dialog',
    { 'aria-labelledby': 'prompt' },
    title,
    text,
    field,
    optional,
    changes,
    answer,
    buttons,
  )
  for (const each of [input, by]) {
    each.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') submit()
    })
  }

  const showPreview = createPreview(select, changes, preview)

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
    setAttribute(optional, 'hidden', prompt.optional === undefined)
    setText(byLabel, prompt.optional?.label ?? '')
    by.value = ''
    changes.replaceChildren()
    if (choices[0] !== undefined) void showPreview()
  }

  const open = (action: ActionName, model: Model, given: object = {}): void => {
    const prompt = prompts[action]
    const own = action === 'confirm' ? { transaction: model.status?.confirmation?.transaction } : given
    show(prompt, model)
    submit = () => {
      const value = (prompt.choices === undefined ? input.value : select.value).trim()
      if (submitButton.disabled) return
      if (prompt.field !== undefined && value === '') return input.focus()
      const name = by.value.trim()
      const body = prompt.optional === undefined || name === '' ? own : { ...own, [prompt.optional.name]: name }
      submitButton.disabled = true
      setText(answer, 'Sending…')
      void send(action, prompt.field === undefined ? body : { ...body, [prompt.field.name]: value }).then((message) => {
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

/** Shows what the chosen revision would change, before it is asked for. */
const createPreview = (
  select: HTMLSelectElement,
  changes: HTMLElement,
  preview: (digest: string) => Promise<RevertPreview>,
): (() => Promise<void>) => {
  const show = async (): Promise<void> => {
    const { value } = select
    changes.replaceChildren(html('p', { class: 'note' }, 'Comparing…'))
    const result = await preview(value)
    // The user may have chosen another one meanwhile.
    if (select.value === value) changes.replaceChildren(...renderPreview(result))
  }
  select.addEventListener('change', () => void show())
  return show
}

const renderPreview = (result: RevertPreview): readonly HTMLElement[] => {
  if (!result.ok) return [html('p', { class: 'note' }, `${result.failure.message}. ${result.failure.hint}`)]
  const { modules, diff } = result
  const text = modules.length === 0 ? 'It changes no module.' : `It changes ${joinNames(modules, 6)}.`
  return [html('p', {}, text), renderDiff(diff)]
}
