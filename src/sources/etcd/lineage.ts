import { SourceError } from '../../api/source.ts'

/** The part of a response header that identifies the store. Numbers are strings, since they are 64 bits wide. */
export interface ResponseHeader {
  readonly cluster_id: string
  readonly revision: string
  readonly raft_term: string
}

/** The newest response so far. */
interface StoreMark {
  readonly clusterId: string
  readonly generation: number
  readonly order: number
  readonly term: number
}

/**
 * Tells the stores behind one address apart. A cluster that was wiped and started again often keeps its cluster id, so a
 * revision or raft term that goes back also means another store; its generation is one higher.
 */
export class LineageTracker {
  #seen: StoreMark | undefined

  /** Call it before a linearizable read, and pass the result to `observe` with the response. */
  mark(): StoreMark | undefined {
    return this.#seen
  }

  /**
   * Returns the lineage of a linearizable read. Throws if the store was replaced during the read. Of two reads that
   * overlap, either response may be the older one, so a response is compared with what had been seen before its read.
   */
  observe(header: ResponseHeader, before: StoreMark | undefined): string {
    const seen = this.#seen
    const clusterId = header.cluster_id
    const order = toNumber(header.revision)
    const term = toNumber(header.raft_term)
    if (seen !== undefined && before !== undefined && before.generation !== seen.generation) {
      throw new SourceError('source.closed')
    }
    const wentBack = before !== undefined && (order < before.order || term < before.term)
    this.#seen =
      seen === undefined || clusterId !== seen.clusterId || wentBack
        ? { clusterId, generation: seen === undefined ? 0 : seen.generation + 1, order, term }
        : { ...seen, order: Math.max(order, seen.order), term: Math.max(term, seen.term) }
    return nameOf(this.#seen)
  }

  /**
   * Notes a revision that a watch has reported, if it is of the current lineage. A later read that finds a lower one
   * finds another store, even if no read has come as far as the watch.
   */
  advance(lineage: string, order: number): void {
    const seen = this.#seen
    if (seen !== undefined && nameOf(seen) === lineage) this.#seen = { ...seen, order: Math.max(order, seen.order) }
  }

  /** Returns the lineage of the newest response; undefined before the first. */
  current(): string | undefined {
    return this.#seen && nameOf(this.#seen)
  }
}

const nameOf = ({ clusterId, generation }: StoreMark): string => `${clusterId}/${generation}`

/** Returns the cluster id in a lineage. */
export const clusterIdOf = (lineage: string): string => lineage.split('/', 1)[0] ?? ''

/** Converts a 64-bit number of etcd. Revisions grow by one with each write, so they stay far below 2⁵³. */
export const toNumber = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new SourceError('source.failed', new Error('number out of range'))
  return value
}
