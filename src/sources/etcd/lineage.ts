import { SourceError } from '../../api/source.ts'

/** The part of a response's header that tells the store it came from. Numbers are strings: they are 64 bits wide. */
export interface Header {
  readonly cluster_id: string
  readonly revision: string
  readonly raft_term: string
}

interface Seen {
  readonly cluster: string
  readonly generation: number
  readonly order: number
  readonly term: number
}

/**
 * Tells the stores behind one address apart. A cluster that is wiped and started anew often keeps its cluster id, so a
 * revision or raft term that goes back counts as another store, too: its generation is one higher.
 */
export interface Lineages {
  /** Call it before a linearizable read, and give the result to `observe` with the answer. */
  readonly mark: () => Seen | undefined
  /** The lineage of a linearizable read's answer. Throws where the store was replaced while it was under way. */
  readonly observe: (header: Header, before: Seen | undefined) => string
  /**
   * A watch has told of this revision. A later read that finds less finds another store, even where no read had come as
   * far as the watch. Of another lineage than the current one it says nothing.
   */
  readonly advance: (lineage: string, order: number) => void
  /** The lineage of the newest answer; undefined before the first. */
  readonly current: () => string | undefined
}

const nameOf = ({ cluster, generation }: Seen): string => `${cluster}/${generation}`

/** The cluster id in a lineage. */
export const clusterOf = (lineage: string): string => lineage.split('/', 1)[0] ?? ''

/** A 64-bit number of etcd's as a JavaScript number. Revisions grow by one a write, so they stay far below 2⁵³. */
export const toNumber = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new SourceError('source.failed', new Error('number out of range'))
  return value
}

export const makeLineages = (): Lineages => {
  let seen: Seen | undefined

  // Only linearizable answers come here. Of two that overlap either may be the older one, so an answer is measured
  // against what had been seen when its read began, not against what has been seen since.
  const observe = (header: Header, before: Seen | undefined): string => {
    const cluster = header.cluster_id
    const order = toNumber(header.revision)
    const term = toNumber(header.raft_term)
    if (seen === undefined) {
      seen = { cluster, generation: 0, order, term }
      return nameOf(seen)
    }
    if (before !== undefined && before.generation !== seen.generation) throw new SourceError('source.closed')
    const wentBack = before !== undefined && (order < before.order || term < before.term)
    seen =
      cluster !== seen.cluster || wentBack
        ? { cluster, generation: seen.generation + 1, order, term }
        : { ...seen, order: Math.max(order, seen.order), term: Math.max(term, seen.term) }
    return nameOf(seen)
  }

  const advance = (lineage: string, order: number): void => {
    if (seen !== undefined && nameOf(seen) === lineage) seen = { ...seen, order: Math.max(order, seen.order) }
  }

  return { mark: () => seen, observe, advance, current: () => (seen === undefined ? undefined : nameOf(seen)) }
}
