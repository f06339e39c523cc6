import type { ActionName } from '../../../stream/protocol.ts'
import { button, html, setAttribute, type View } from '../dom.ts'
import { initial, type Model } from '../model.ts'
import type { ActionDialog } from './action-dialog.ts'
import { prompts } from './action-prompts.ts'

/** Each quarantined config has a button of its own, beside its reason. */
const offeredBelow: ReadonlySet<ActionName> = new Set<ActionName>(['retry', 'release'])

/** Creates the buttons of the actions, if the service allows any. */
export const createActions = (dialog: ActionDialog): View<Model> => {
  const buttons = html('div', { class: 'row' })
  const element = html('div', { class: 'actions', role: 'group', 'aria-label': 'Actions', hidden: true }, buttons)
  let shown = ''
  let latest = initial
  const update = (model: Model): void => {
    const { actions, status } = model
    const applicable =
      status === undefined
        ? []
        : actions.filter((name) => !offeredBelow.has(name) && prompts[name].isApplicable(status))
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
