import { html, setAttribute } from './dom.ts'

export interface Tab {
  readonly id: string
  readonly label: string
  readonly content: HTMLElement
  /** Called each time the tab is opened. */
  readonly onOpen?: () => void
}

/** Creates tabs that one key stop reaches and the arrow keys move between. The first one is open. */
export const createTabs = (label: string, tabs: readonly Tab[]): HTMLElement => {
  const buttons = tabs.map(({ id, label: text }) =>
    html('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': id }, text),
  )
  const panels = tabs.map(({ id, content }) =>
    html('div', { role: 'tabpanel', id, 'aria-labelledby': `tab-${id}` }, content),
  )
  const open = (index: number): void => {
    for (const [at, button] of buttons.entries()) {
      setAttribute(button, 'aria-selected', String(at === index))
      setAttribute(button, 'tabindex', at === index ? 0 : -1)
      const panel = panels[at]
      if (panel !== undefined) setAttribute(panel, 'hidden', at !== index)
    }
    tabs[index]?.onOpen?.()
  }
  const list = html('div', { role: 'tablist', 'aria-label': label, class: 'tabs' }, ...buttons)
  for (const [at, button] of buttons.entries()) button.addEventListener('click', () => open(at))
  list.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement)
    const to = moves[event.key]?.(at, buttons.length)
    if (at < 0 || to === undefined) return
    event.preventDefault()
    open(to)
    buttons[to]?.focus()
  })
  open(0)
  return html('div', {}, list, ...panels)
}

const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
}
