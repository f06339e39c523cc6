/** A part of the page. */
export interface View<Input> {
  readonly element: HTMLElement
  readonly update: (input: Input) => void
}

/** The content of an element. A text always stays text: it is never parsed as markup. */
export type Content = Node | string | undefined | false

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

const SVG = 'http://www.w3.org/2000/svg'

/** Creates an HTML element. */
export const html = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...content: readonly Content[]
): HTMLElementTagNameMap[Tag] => fill(document.createElement(tag), attributes, content)

/** Creates an SVG element. */
export const svg = <Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...content: readonly Content[]
): SVGElementTagNameMap[Tag] => fill(document.createElementNS(SVG, tag), attributes, content)

const fill = <E extends Element>(element: E, attributes: Attributes, content: readonly Content[]): E => {
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value)
  element.append(...content.filter((part) => part !== undefined && part !== false))
  return element
}

/** Creates a button. */
export const button = (label: string, attributes: Attributes, onClick: () => void): HTMLButtonElement => {
  const element = html('button', { type: 'button', ...attributes }, label)
  element.addEventListener('click', onClick)
  return element
}

/** Creates text that only screen readers present. */
export const visuallyHidden = (text: string): HTMLElement => html('span', { class: 'visually-hidden' }, text)

/** Sets an attribute if it differs. `undefined` and false remove it; true is the empty value. */
export const setAttribute = (element: Element, name: string, value: string | number | boolean | undefined): void => {
  if (value === undefined || value === false) return element.removeAttribute(name)
  const text = value === true ? '' : String(value)
  if (element.getAttribute(name) !== text) element.setAttribute(name, text)
}

/** Sets the text of an element if it differs, so that a selection in it survives. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text
}

/**
 * Creates a list that keeps the element of a key and moves as few elements as possible. It renders an item again only
 * if it is another object than before.
 */
export const createKeyedList = <Item, E extends Element>(
  parent: Element,
  keyOf: (item: Item) => string,
  render: (item: Item) => E,
) => {
  let shown = new Map<string, { readonly element: E; readonly item: Item }>()
  const show = (items: readonly Item[]): void => {
    const before = shown
    shown = new Map()
    for (const item of items) {
      const key = keyOf(item)
      const known = before.get(key)
      const element = known?.item === item ? known.element : render(item)
      if (known !== undefined && known.element !== element) known.element.replaceWith(element)
      before.delete(key)
      shown.set(key, { element, item })
    }
    for (const { element } of before.values()) element.remove()
    let next = parent.firstElementChild
    for (const { element } of shown.values()) {
      if (element === next) next = next.nextElementSibling
      else parent.insertBefore(element, next)
    }
  }
  return { show, elementOf: (key: string): E | undefined => shown.get(key)?.element }
}
