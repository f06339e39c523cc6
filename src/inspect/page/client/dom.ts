/** What stands in an element: nothing, text, elements. Text is only ever set as text. */
export type Content = Node | string | undefined | false

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

const SVG = 'http://www.w3.org/2000/svg'

const fill = <E extends Element>(element: E, attributes: Attributes, content: readonly Content[]): E => {
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value)
  element.append(...content.filter((part) => part !== undefined && part !== false))
  return element
}

/** Makes an element. */
export const html = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...content: readonly Content[]
): HTMLElementTagNameMap[Tag] => fill(document.createElement(tag), attributes, content)

/** Makes an element of a drawing. */
export const svg = <Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...content: readonly Content[]
): SVGElementTagNameMap[Tag] => fill(document.createElementNS(SVG, tag), attributes, content)

/** Makes a button that does something. */
export const button = (label: string, attributes: Attributes, act: () => void): HTMLButtonElement => {
  const made = html('button', { type: 'button', ...attributes }, label)
  made.addEventListener('click', act)
  return made
}

/** Text that only a screen reader says. */
export const spoken = (text: string): HTMLElement => html('span', { class: 'spoken' }, text)

/** Sets an attribute where it differs; `undefined` and false remove it, true is the empty value. */
export const setAttribute = (element: Element, name: string, value: string | number | boolean | undefined): void => {
  if (value === undefined || value === false) return element.removeAttribute(name)
  const text = value === true ? '' : String(value)
  if (element.getAttribute(name) !== text) element.setAttribute(name, text)
}

/** Sets the text of an element where it differs, so that a selection in it is kept. */
export const setText = (element: Element, text: string): void => {
  if (element.textContent !== text) element.textContent = text
}

/** A list whose elements are kept as long as their key is in it, and moved as little as possible. */
export class KeyedList<Item> {
  readonly #parent: Element
  readonly #keyOf: (item: Item) => string
  readonly #make: (item: Item) => Element
  #elements = new Map<string, { readonly element: Element; readonly item: Item }>()

  /** An element is made anew where its item is another object than before. */
  constructor(parent: Element, keyOf: (item: Item) => string, make: (item: Item) => Element) {
    this.#parent = parent
    this.#keyOf = keyOf
    this.#make = make
  }

  show(items: readonly Item[]): void {
    const before = this.#elements
    this.#elements = new Map()
    for (const item of items) {
      const key = this.#keyOf(item)
      const known = before.get(key)
      const element = known?.item === item ? known.element : this.#make(item)
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
