/** True where `revision` holds something that `seen` does not: later within a lineage, or another lineage. */
export const isNewer = (revision, seen) => {
    if (seen === undefined || revision.lineage !== seen.lineage)
        return true;
    return revision.order > seen.order && revision.name !== seen.name;
};
/** True where both name the same document. */
export const isSameRevision = (a, b) => a !== undefined && b !== undefined && a.lineage === b.lineage && a.name === b.name;
