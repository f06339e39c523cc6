import type { IRangeRequest, IRangeResponse, IResponseHeader } from 'etcd3'
import { SourceError } from '../../api/source.ts'
import { isTooLarge } from './connection/errors.ts'
import { type Position, toNumber } from './connection/lineage.ts'
import { isReservedKey } from './operator/reserved-keys.ts'
import { isFolderMarker, type Entry } from './prefix-document.ts'

/** Makes one range call. */
export type RangeCall = (request: IRangeRequest) => Promise<IRangeResponse>

/** How many keys one call asks for: few enough to fit into a message, enough to read 5,000 keys in about 20 ms. */
const PAGE_KEYS = 200

/** The most that is collected. Far above the reloader's own limit, which rejects with the name of its option. */
const MAX_BYTES = 64 * 1024 * 1024

const ZERO = Buffer.of(0)

/**
 * Reads the keys from `key` up to `end` in pages, all at the revision of the first page, so that the keys of one
 * transaction are seen together or not at all. `locate` gets the header of each response, the highest mod_revision so far
 * and what it has returned for the first page; it throws to stop. Folder markers and histories are left out. Returns the keys without
 * the prefix, in byte order, as `entries` (undefined if they are more than `MAX_BYTES`), how many they are as `count`,
 * with the markers as `total`, and the highest mod_revision among them as `newest`.
 */
export const readPages = async (
  { key, end }: { readonly key: Buffer; readonly end: Buffer },
  range: RangeCall,
  locate: (header: IResponseHeader, newest: number, first?: Position) => Position,
) => {
  const readPage = createPageReader(range, end)
  const first = await readPage(key, '0')
  const total = toNumber(first.count)
  const entries: Entry[] = []
  let [index, newest, bytes] = [0, 0, 0]
  let position: Position | undefined
  for (let page = first; ; ) {
    for (const kv of page.kvs) {
      index += 1
      const name = kv.key.subarray(key.length)
      if (isFolderMarker(name, kv.value) || isReservedKey(name)) continue
      newest = Math.max(newest, toNumber(kv.mod_revision))
      bytes += kv.key.length + kv.value.length
      entries.push({ key: name, value: kv.value, revision: kv.mod_revision, index })
    }
    const found = locate(page.header, newest, position)
    position ??= found
    const last = page.kvs.at(-1)
    const isTooLong = bytes > MAX_BYTES
    if (isTooLong || !page.more || last === undefined) {
      const count = total - (index - entries.length)
      return { position, total, count, newest, entries: isTooLong ? undefined : entries }
    }
    page = await readPage(Buffer.concat([last.key, ZERO]), pinOf(first))
  }
}

/** The revision for the further pages. Without it they would be of other revisions than the first. */
const pinOf = ({ header }: IRangeResponse): string => {
  if (Number(header?.revision ?? 0) > 0) return header.revision
  throw new SourceError('source.failed', new Error('a response without its revision'))
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
