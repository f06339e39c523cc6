/**
 * A source's version of the document.
 *
 * Within one `lineage` the `order` only rises; the lineage changes when a store was wiped or restored, and orders of
 * two lineages say nothing about each other. `name` identifies the content: two readings with one lineage and one
 * name are the same document, however far the store's own order has moved on meanwhile (etcd: `mod_revision`).
 */
export interface Revision {
  readonly lineage: string
  readonly order: number
  readonly name: string
}

/** True where `revision` holds something that `seen` does not: later within a lineage, or another lineage. */
export const isNewer = (revision: Revision, seen: Revision | undefined): boolean => {
  if (seen === undefined || revision.lineage !== seen.lineage) return true
  return revision.order > seen.order && revision.name !== seen.name
}

/** True where both name the same document. */
export const isSameRevision = (a: Revision | undefined, b: Revision | undefined): boolean =>
  a !== undefined && b !== undefined && a.lineage === b.lineage && a.name === b.name
