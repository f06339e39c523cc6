import type { LayerStatus } from '../../../../api/status.ts'
import { type Content, html, setAttribute, type View } from '../dom.ts'
import { shorten } from '../labels.ts'
import type { Model } from '../model.ts'
import { formatTime } from '../time.ts'

/** Creates the list of the source's layers, the highest first; hidden for a source without layers. */
export const createLayers = (): View<Model> => {
  const list = html('ol', { class: 'layers', 'aria-label': 'Layers of the source, the highest first' })
  let shown: string | undefined
  const update = ({ status }: Model): void => {
    const { layers } = status?.source ?? {}
    const text = JSON.stringify(layers)
    if (text === shown) return
    shown = text
    setAttribute(list, 'hidden', layers === undefined)
    list.replaceChildren(...(layers ?? []).toReversed().map((layer) => html('li', {}, ...renderLayer(layer))))
  }
  setAttribute(list, 'hidden', true)
  return { element: list, update }
}

const renderLayer = ({
  name,
  kind,
  endpoint,
  required,
  found,
  revision,
  stale,
  lastError,
}: LayerStatus): readonly Content[] => {
  const place = `${name === kind ? '' : `${kind} · `}${shorten(endpoint, 60)}`
  const code = lastError === undefined ? '' : `: ${lastError.code}`
  const trouble =
    stale === undefined
      ? []
      : [html('span', { class: 'stale' }, `out of reach since ${formatTime(stale.since)}${code}`)]
  const state =
    found === 'document' ? shorten(revision?.name ?? '') : (found ?? (required ? 'not read yet' : 'left out'))
  return [
    html('span', { class: 'key' }, name),
    html('span', { class: 'value' }, state),
    html('span', { class: 'note' }, place),
    ...trouble,
  ].flatMap((part) => [part, ' '])
}
