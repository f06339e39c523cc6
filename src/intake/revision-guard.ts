import type { ReadResult } from '../api/source.ts'
import type { Revision } from '../model/revision.ts'
import { ContentDigest, HashLater } from './content-digest.ts'

/** How many names are remembered, so that one that comes again with other content is noticed. */
const MAX_NAMES = 1_000

/** After this many contradictory reads in a row, the source's own orders are no longer used. */
const MAX_CONTRADICTIONS = 5

/** What a read is compared with: taken before it, since what comes in the meantime may be newer than its answer. */
export interface ReadMark {
  readonly newest: Known | undefined
  readonly sequence: number
  readonly epoch: number
}

/** What the guard makes of the answer to a read. */
export type ReadJudgement =
  | {
      readonly kind: 'found'
      /** The answer, with a revision that keeps the rules. */
      readonly result: ReadResult
      /** Which rule the source has broken. */
      readonly breach?: string
      /** True if the document is older than one that was seen before, and differs from it. */
      readonly isOlder?: boolean
    }
  /** The answer belongs to a time before another read that has contradicted it. */
  | { readonly kind: 'overtaken' }

/** The newest document. */
interface Known {
  readonly revision: Revision
  readonly digest: ContentDigest
}

/**
 * Holds a source to the rules of {@link Revision}: one name stands for one document, and another document has a higher
 * order or another lineage. The machines compare revisions only, so a source that breaks a rule would have its changes
 * ignored. The guard compares content too, and gives a contradictory document a lineage of its own.
 */
export class RevisionGuard {
  /** Digests by lineage and name, the one used longest ago first. */
  readonly #digests = new Map<string, ContentDigest>()
  readonly #hashLater = new HashLater()
  /** How many lineages were derived from one of the source. */
  readonly #derived = new Map<string, number>()
  readonly #rawRevisions = new WeakMap<Revision, Revision>()
  #newest: Known | undefined
  #lastRaw: Revision | undefined
  #epoch = 0
  #sequence = 0
  #countedSequence = 0
  #contradictions = 0
  #flaps = 0
  /** Set once the source's own revisions have proved to be useless: the lineage in which the reads are counted. */
  #countingLineage: string | undefined

  /** Takes note of a document that an earlier run has stored under this revision. */
  learn(document: ReadResult): void {
    this.#noteDigest(document.revision, new ContentDigest(document))
  }

  /** The source's own form of a revision: it does not know those that the guard has made. */
  rawOf(revision: Revision): Revision {
    return this.#rawRevisions.get(revision) ?? revision
  }

  /** Identifies what a stream that starts now can know. */
  get epoch(): number {
    return this.#epoch
  }

  /** Call it before a read. */
  mark(): ReadMark {
    this.#sequence += 1
    return { newest: this.#newest, sequence: this.#sequence, epoch: this.#epoch }
  }

  /** Compares the answer to a read with what is known. A read is the authority: what it contradicts was wrong or is gone. */
  judgeRead(raw: ReadResult, mark: ReadMark): ReadJudgement {
    const digest = new ContentDigest(raw)
    const newest = this.#newest
    const isSame = newest !== undefined && digest.equals(newest.digest)
    if (this.#countingLineage !== undefined) {
      if (isSame) return { kind: 'found', result: this.#again(newest, raw) }
      if (mark.sequence < this.#countedSequence) return { kind: 'overtaken' }
      return { kind: 'found', result: this.#count(raw, digest, mark, this.#countingLineage) }
    }
    if (mark.epoch !== this.#epoch && !isSame) return { kind: 'overtaken' }
    const breach = this.#noteLineage(raw.revision) ?? this.#contradictionOf(raw.revision, digest)
    if (breach !== undefined) return { kind: 'found', result: this.#contradict(raw, digest, mark), breach }
    this.#contradictions = 0
    const result = this.#translate(raw)
    const older = isSame ? undefined : olderThan(result.revision, mark.newest?.revision)
    if (older === undefined) return { kind: 'found', result: this.#accept(result, raw, digest) }
    // A member that lags behind returns what has been seen before. Anything else cannot be explained.
    const isKnown = this.#digests.has(keyOf(result.revision))
    return { kind: 'found', result, isOlder: true, ...(isKnown ? {} : { breach: older }) }
  }

  /** Returns what the stream has reported, or `undefined` if only a read can tell what it means. */
  judgeReported(raw: ReadResult, epoch: number): ReadResult | undefined {
    if (this.#countingLineage !== undefined || epoch !== this.#epoch) return undefined
    const digest = new ContentDigest(raw)
    if (this.#contradictionOf(raw.revision, digest) !== undefined) return undefined
    const result = this.#translate(raw)
    const newest = this.#newest
    // Another lineage is a reason to read. Nothing that a stream says of it is trusted.
    if (newest !== undefined && newest.revision.lineage !== result.revision.lineage) return result
    const isUnknown = !this.#digests.has(keyOf(result.revision))
    if (isUnknown && olderThan(result.revision, newest?.revision) !== undefined) return undefined
    return this.#accept(result, raw, digest)
  }

  /** Says which rule a revision breaks, if it does. */
  #contradictionOf(raw: Revision, digest: ContentDigest): string | undefined {
    const revision = this.#translated(raw)
    const known = this.#digests.get(keyOf(revision))
    if (known !== undefined && !known.equals(digest)) return 'the same revision name stood for another document before'
    const newest = this.#newest?.revision
    const isRival = newest?.lineage === revision.lineage && newest.order === revision.order
    if (isRival && newest.name !== revision.name) return `order ${revision.order} belongs to another revision name`
    return undefined
  }

  /** Notices a source that makes a lineage for each read, on which the watch would be opened again and again. */
  #noteLineage(raw: Revision): string | undefined {
    const isOther = this.#lastRaw !== undefined && this.#lastRaw.lineage !== raw.lineage
    this.#lastRaw = raw
    this.#flaps = isOther ? this.#flaps + 1 : 0
    if (this.#flaps < MAX_CONTRADICTIONS) return undefined
    this.#contradictions = MAX_CONTRADICTIONS
    return `${this.#flaps + 1} reads in a row found as many lineages`
  }

  /** Gives a contradictory document a lineage of its own. After several in a row, the reads are counted instead. */
  #contradict(raw: ReadResult, digest: ContentDigest, mark: ReadMark): ReadResult {
    this.#contradictions += 1
    const newest = this.#newest
    const isSame = newest !== undefined && digest.equals(newest.digest)
    if (!isSame) {
      this.#epoch += 1
      this.#derive(raw.revision, digest)
    }
    const { lineage } = this.#translated(raw.revision)
    if (this.#contradictions >= MAX_CONTRADICTIONS) this.#countingLineage = lineage
    if (isSame) return this.#again(newest, raw)
    if (this.#countingLineage !== undefined) return this.#count(raw, digest, mark, lineage)
    return this.#accept(this.#translate(raw), raw, digest)
  }

  /** The next order of the counting lineage. */
  #count(raw: ReadResult, digest: ContentDigest, { sequence }: ReadMark, lineage: string): ReadResult {
    this.#countedSequence = sequence
    const newest = this.#newest?.revision
    const order = newest?.lineage === lineage ? newest.order + 1 : 1
    const { name } = raw.revision
    const isTaken = this.#digests.has(keyOf({ lineage, order, name }))
    return this.#accept(
      { ...raw, revision: { lineage, order, name: isTaken ? `${name}~${order}` : name } },
      raw,
      digest,
    )
  }

  /** The newest document again, whatever revision the source gives it now. */
  #again({ revision }: Known, raw: ReadResult): ReadResult {
    this.#rawRevisions.set(revision, raw.revision)
    return { ...raw, revision }
  }

  /** Starts a lineage in which the revision contradicts nothing. */
  #derive(raw: Revision, digest: ContentDigest): void {
    let known: ContentDigest | undefined
    do {
      this.#derived.set(raw.lineage, (this.#derived.get(raw.lineage) ?? 0) + 1)
      known = this.#digests.get(keyOf(this.#translated(raw)))
    } while (known !== undefined && !known.equals(digest))
  }

  #translate(raw: ReadResult): ReadResult {
    return { ...raw, revision: this.#translated(raw.revision) }
  }

  #translated(raw: Revision): Revision {
    const derived = this.#derived.get(raw.lineage)
    return derived === undefined ? raw : { ...raw, lineage: `${raw.lineage}~${derived}` }
  }

  #accept(result: ReadResult, raw: ReadResult, digest: ContentDigest): ReadResult {
    const { revision } = result
    if (revision !== raw.revision) this.#rawRevisions.set(revision, raw.revision)
    this.#noteDigest(revision, digest)
    const newest = this.#newest?.revision
    const isOlder = newest?.lineage === revision.lineage && revision.order < newest.order
    if (!isOlder) this.#newest = { revision, digest }
    return result
  }

  #noteDigest(revision: Revision, digest: ContentDigest): void {
    const key = keyOf(revision)
    const known = this.#digests.get(key)
    const kept = known?.equals(digest) === true ? known : digest
    if (kept === digest) this.#hashLater.add(digest)
    this.#digests.delete(key)
    this.#digests.set(key, kept)
    const [oldest] = this.#digests.keys()
    if (oldest !== undefined && this.#digests.size > MAX_NAMES) this.#digests.delete(oldest)
  }
}

const keyOf = ({ lineage, name }: Revision): string => `${lineage}\n${name}`

const olderThan = (revision: Revision, newest: Revision | undefined): string | undefined => {
  if (newest?.lineage !== revision.lineage) return undefined
  const isOlder = revision.order < newest.order && revision.name !== newest.name
  return isOlder ? `order ${revision.order} after ${newest.order} in one lineage` : undefined
}
