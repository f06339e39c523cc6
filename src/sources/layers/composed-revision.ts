import { hashOf } from '../../model/data/digest.ts'
import type { Revision } from '../../model/revision.ts'

/** A layer as its revision shows it. Without a revision it was never read. */
export interface LayerAt {
  readonly kind: string
  readonly revision: Revision | undefined
}

/**
 * Makes the revision of the whole from those of the layers. Its lineage changes with that of a layer. Within one lineage no
 * layer's order decreases, so their sum does not either. Its name is the names of the layers, without those that never change.
 */
export const composedRevision = (layers: readonly LayerAt[], options: string): Revision => {
  const lineages = layers.map(({ revision }) => revision?.lineage ?? 'unread')
  const names = layers.flatMap(({ kind, revision }) => {
    if (revision === undefined) return ['-']
    return revision.name === kind ? [] : [revision.name.replaceAll('%', '%25').replaceAll('+', '%2B')]
  })
  return {
    lineage: `layers-${hashOf(JSON.stringify([options, lineages]))}`,
    order: layers.reduce((sum, { revision }) => sum + (revision?.order ?? 0), 0),
    name: names.length === 0 ? 'layers' : names.join('+'),
  }
}
