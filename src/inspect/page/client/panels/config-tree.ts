import type { ConfigNode } from '../../../../api/internal/inspected.ts'
import { type Content, html, type View } from '../dom.ts'
import { joinNames, pluralize, shorten } from '../labels.ts'
import type { Model } from '../model.ts'
import { createLayers } from './layers.ts'

/** Parts down to this depth are open at first. */
const OPEN_DEPTH = 2

/**
 * Creates the tree of the serving config: public values, others hidden, with the modules that follow each part, and where each value
 * comes from. The layers of the source stand above it.
 */
export const createConfigTree = (): View<Model> => {
  const note = html('p', { class: 'sum' })
  const box = html('div', { class: 'tree' })
  const layers = createLayers()
  const element = html('div', {}, layers.element, note, box)
  let shown: Model['config'] | undefined
  const update = (model: Model): void => {
    const { config } = model
    layers.update(model)
    if (config === undefined) note.textContent = 'No config serves yet.'
    if (config === undefined || config === shown) return
    const wasOpen = new Map([...box.querySelectorAll('details')].map((each) => [each.dataset.path, each.open]))
    shown = config
    const more = config.omitted === 0 ? '' : ` ${pluralize(config.omitted, 'further part')} not shown.`
    note.textContent = `Values are shown if their path is public.${more}`
    box.replaceChildren(renderNode(config.root, '', 0, wasOpen))
  }
  return { element, update }
}

const renderNode = (
  node: ConfigNode,
  parent: string,
  depth: number,
  wasOpen: ReadonlyMap<string | undefined, boolean>,
): HTMLElement => {
  const { key, kind, children = [] } = node
  const path = `${parent}.${key}`
  if (kind === 'value' || children.length === 0) return html('p', { class: 'leaf' }, ...renderLine(node))
  const isOpen = wasOpen.get(path) ?? depth < OPEN_DEPTH
  return html(
    'details',
    { open: isOpen, 'data-path': path },
    html('summary', {}, ...renderLine(node)),
    html('ul', {}, ...children.map((child) => html('li', {}, renderNode(child, path, depth + 1, wasOpen)))),
  )
}

const renderLine = (node: ConfigNode): readonly Content[] => {
  const { key, kind, value, children = [], modules, isUnfollowed, origin } = node
  const content =
    kind === 'value'
      ? value === undefined
        ? html('span', { class: 'hidden-value' }, 'hidden')
        : html('span', { class: 'value' }, shorten(JSON.stringify(value) ?? '', 200))
      : html('span', { class: 'note' }, pluralize(children.length, kind === 'array' ? 'item' : 'key'))
  const by = modules.length === 0 ? [] : [html('span', { class: 'followed' }, `→ ${joinNames(modules, 4)}`)]
  const unfollowed = isUnfollowed ? [html('span', { class: 'unfollowed' }, 'no module follows this')] : []
  const from = origin === undefined ? [] : [html('span', { class: 'origin', title: origin }, shortOrigin(origin))]
  // Spaces keep the words apart for screen readers and in copied text.
  return [html('span', { class: 'key' }, key), content, ...from, ...by, ...unfollowed].flatMap((part) => [part, ' '])
}

/** A file is shown without its folders: `file: config.yaml:3:7`. */
const shortOrigin = (origin: string): string => shorten(origin.replace(/\S*\/(?=[^/]+:\d+:\d+$)/, ''), 60)
