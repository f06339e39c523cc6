import type { IRangeRequest, IRangeResponse, IResponseHeader } from 'etcd3'
import { isTooLarge } from './errors.ts'
import { toNumber } from './lineage.ts'
import type { Entry } from './prefix-document.ts'

/** One range call. */
export type Range = (request: IRangeRequest) => Promise<IRangeResponse>

/** All keys of a prefix at one revision. */
export interface Pages {
  /** The revision of the store at which all of them were read. */
  readonly order: number
  readonly count: number
  /** The highest mod_revision among them. */
  readonly newest: number
  /** Keys without the prefix, in the order of their bytes; absent where there is more than anybody takes for config. */
  readonly entries?: readonly Entry[]
}

/** How many keys one call asks for: few enough to fit a message, enough that 5,000 keys are a matter of 20 ms. */
const PAGE_KEYS = 200

/** The most that is gathered. Far over the reloader's own limit, which then says the same with its option's name. */
const MAX_BYTES = 64 * 1024 * 1024

const ZERO = Buffer.of(0)

/**
 * Reads the keys from `key` up to `end` in pages, all at the revision of the first, so that one transaction's keys
 * are seen together or not at all. `onHeader` sees each answer's header and throws to give up.
 */
export const readPages = async (
  { key, end }: { readonly key: Buffer; readonly end: Buffer },
  range: Range,
  onHeader: (header: IResponseHeader) => void,
): Promise<Pages> => {
  const ask = shrinking(range, end)
  const first = await ask(key, '0')
  onHeader(first.header)
  const revision = first.header.revision
  const entries: Entry[] = []
  let newest = 0
  let bytes = 0
  for (let page = first; ; ) {
    for (const kv of page.kvs) {
      newest = Math.max(newest, toNumber(kv.mod_revision))
      bytes += kv.key.length + kv.value.length
      entries.push({ key: kv.key.subarray(key.length), value: kv.value })
    }
    const last = page.kvs.at(-1)
    const known = { order: toNumber(revision), count: toNumber(first.count), newest }
    if (bytes > MAX_BYTES) return known
    if (!page.more || last === undefined) return { ...known, entries }
    page = await ask(Buffer.concat([last.key, ZERO]), revision)
    onHeader(page.header)
  }
}

/** Asks for fewer keys where a page of large values does not fit into a message. */
const shrinking = (range: Range, end: Buffer) => {
  let limit = PAGE_KEYS
  return async (key: Buffer, revision: string): Promise<IRangeResponse> => {
    for (;;) {
      try {
        return await range({ key, range_end: end, limit, revision })
      } catch (error) {
        if (!isTooLarge(error) || limit === 1) throw error
        limit = Math.ceil(limit / 8)
      }
    }
  }
}
