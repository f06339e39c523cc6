import type { IRangeRequest, IRangeResponse, IResponseHeader } from 'etcd3'
import { isTooLarge } from './errors.ts'
import { toNumber } from './lineage.ts'
import type { Entry } from './prefix-document.ts'

/** Makes one range call. */
export type RangeCall = (request: IRangeRequest) => Promise<IRangeResponse>

/** How many keys one call asks for: few enough to fit into a message, enough to read 5,000 keys in about 20 ms. */
const PAGE_KEYS = 200

/** The most that is collected. Far above the reloader's own limit, which rejects with the name of its option. */
const MAX_BYTES = 64 * 1024 * 1024

const ZERO = Buffer.of(0)

/**
 * Reads the keys from `key` up to `end` in pages, all at the revision of the first page, so that the keys of one
 * transaction are seen together or not at all. `onHeader` gets the header of each response, and throws to stop.
 * Returns that revision as `order`, the highest mod_revision among the keys as `newest`, and the keys without the
 * prefix, in byte order, as `entries`; undefined if they are more than `MAX_BYTES`.
 */
export const readPages = async (
  { key, end }: { readonly key: Buffer; readonly end: Buffer },
  range: RangeCall,
  onHeader: (header: IResponseHeader) => void,
) => {
  const readPage = createPageReader(range, end)
  const first = await readPage(key, '0')
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
    const isTooLong = bytes > MAX_BYTES
    if (isTooLong || !page.more || last === undefined) {
      const count = toNumber(first.count)
      return { order: toNumber(revision), count, newest, entries: isTooLong ? undefined : entries }
    }
    page = await readPage(Buffer.concat([last.key, ZERO]), revision)
    onHeader(page.header)
  }
}

/** Asks for fewer keys if a page of large values does not fit into a message. */
const createPageReader = (range: RangeCall, end: Buffer) => {
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
