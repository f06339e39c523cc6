import { SourceError } from '../../../api/source.ts'
import type { Revision } from '../../../model/revision.ts'

/**
 * The part of a response header that identifies the store. Numbers are strings, since they are 64 bits wide. A field that
 * an intermediary did not fill in is `0`: `etcd grpc-proxy` does so for a watch that it joins to another.
 */
export interface ResponseHeader {
  readonly cluster_id: string
  readonly revision: string
  readonly raft_term: string
}

/** A place in the history of one store. */
export type Position = Pick<Revision, 'lineage' | 'order'>

/** The newest response so far. */
interface StoreMark {
  readonly lineage: string
  /** Undefined until a response has named it. */
  readonly clusterId: string | undefined
  readonly generation: number
  readonly order: number
  readonly term: number
}

/**
 * Tells the stores behind one address apart. A cluster that was wiped and started again often keeps its cluster id, so a
 * revision or raft term that goes back also means another store; its generation is one higher. An unknown field is no
 * sign of another store.
 */
export class LineageTracker {
  #seen: StoreMark | undefined

  /** Call it before a linearizable read, and pass the result to `observe` with the response. */
  mark(): StoreMark | undefined {
    return this.#seen
  }

  /**
   * Returns the position of a linearizable read. Throws if the store was replaced during the read. Of two reads that
   * overlap, either response may be the older one, so a response is compared with what had been seen before its read.
   * `modRevision` is the newest that the response holds; it stands in for a revision that the header does not tell.
   */
  observe(header: ResponseHeader | null, before: StoreMark | undefined, modRevision = 0): Position {
    const seen = this.#seen
    const { clusterId, order, term } = fieldsOf(header)
    if (seen !== undefined && before !== undefined && before.generation !== seen.generation) {
      throw new SourceError('source.closed')
    }
    const wentBack = before !== undefined && (isBehind(order, before.order) || isBehind(term, before.term))
    const reached = order ?? modRevision
    if (seen === undefined || wentBack || isOther(clusterId, seen.clusterId)) {
      const generation = seen === undefined ? 0 : seen.generation + 1
      const named = clusterId ?? seen?.clusterId
      const lineage = `${named ?? UNKNOWN}/${generation}`
      this.#seen = { lineage, clusterId: named, generation, order: reached, term: term ?? 0 }
    } else {
      this.#seen = {
        ...seen,
        clusterId: seen.clusterId ?? clusterId,
        order: Math.max(reached, seen.order),
        term: Math.max(term ?? 0, seen.term),
      }
    }
    return { lineage: this.#seen.lineage, order: order ?? this.#seen.order }
  }

  /**
   * Notes a revision that a watch has reported, if it is of the current lineage. A later read that finds a lower one
   * finds another store, even if no read has come as far as the watch.
   */
  advance(lineage: string, order: number): void {
    const seen = this.#seen
    if (seen?.lineage === lineage) this.#seen = { ...seen, order: Math.max(order, seen.order) }
  }

  /** Returns the lineage of the newest response; undefined before the first. */
  current(): string | undefined {
    return this.#seen?.lineage
  }

  /** True if a response of a watch comes from another store than `lineage`. */
  isForeign(header: ResponseHeader | null, lineage: string): boolean {
    const seen = this.#seen
    const expected = seen?.lineage === lineage ? seen.clusterId : known(lineage.split('/', 1)[0])
    return isOther(fieldsOf(header).clusterId, expected)
  }
}

const UNKNOWN = '0'

const known = (text: string | undefined): string | undefined =>
  text === undefined || text === '' || text === UNKNOWN ? undefined : text

const fieldsOf = (header: ResponseHeader | null) => {
  const [order, term] = [known(header?.revision), known(header?.raft_term)]
  return {
    clusterId: known(header?.cluster_id),
    order: order === undefined ? undefined : toNumber(order),
    term: term === undefined ? undefined : toNumber(term),
  }
}

const isBehind = (value: number | undefined, seen: number): boolean => value !== undefined && value < seen

const isOther = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && a !== b

/**
 * Returns the revision that the store had reached when it created a watch; undefined if it is unknown. A header without
 * a cluster id was made by an intermediary, which puts a revision of its own into it.
 */
export const storeRevisionOf = (header: ResponseHeader | null): number | undefined => {
  const { clusterId, order } = fieldsOf(header)
  return clusterId === undefined ? undefined : order
}

/** Converts a 64-bit number of etcd. Revisions grow by one with each write, so they stay far below 2⁵³. */
export const toNumber = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new SourceError('source.failed', new Error('number out of range'))
  return value
}
