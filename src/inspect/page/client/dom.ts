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

/** A list that keeps the element of a key and moves as few elements as possible. */
export class KeyedList<Item> {
  readonly #parent: Element
  readonly #keyOf: (item: Item) => string
  readonly #render: (item: Item) => Element
  #elements = new Map<string, { readonly element: Element; readonly item: Item }>()

  /** Renders an item again only if it is another object than before. */
  constructor(parent: Element, keyOf: (item: Item) => string, render: (item: Item) => Element) {
    this.#parent = parent
    this.#keyOf = keyOf
    this.#render = render
  }

  show(items: readonly Item[]): void {
    const before = this.#elements
    this.#elements = new Map()
    for (const item of items) {
      const key = this.#keyOf(item)
      const known = before.get(key)
      const element = known?.item === item ? known.element : this.#render(item)
      if (known !== undefined && known.element !== element) known.element.replaceWith(element)
      before.delete(key)
      this.#elements.set(key, { element, item })
    }
    for (const { element } of before.values()) element.remove()
    let next = this.#parent.firstElementChild
    for (const { element } of this.#elements.values()) {
      if (element === next) next = next.nextElementSibling
      else this.#parent.insertBefore(element, next)
    }
  }

  elementOf(key: string): Element | undefined {
    return this.#elements.get(key)?.element
  }
}
