/**
 * A source's version of the document.
 *
 * Within one `lineage` the `order` never decreases. The lineage changes when a store is wiped or restored, and the
 * orders of two lineages cannot be compared. `name` identifies the content (etcd: `mod_revision`): two reads with the
 * same lineage and name found the same document, even if the order of the store has increased in between.
 */
export interface Revision {
  readonly lineage: string
  readonly order: number
  readonly name: string
}

/** Returns true if `revision` is later than `seen` in the same lineage, or of another lineage. */
export const isNewer = (revision: Revision, seen: Revision | undefined): boolean => {
  if (seen === undefined || revision.lineage !== seen.lineage) return true
  return revision.order > seen.order && revision.name !== seen.name
}

/** Returns true if both are revisions of the same document. */
export const isSameRevision = (a: Revision | undefined, b: Revision | undefined): boolean =>
  a !== undefined && b !== undefined && a.lineage === b.lineage && a.name === b.name
