import type { IKeyValue, IRangeRequest, IRangeResponse, ITxnResponse } from 'etcd3'
import { SourceError } from '../../../api/source.ts'
import type { FleetStore } from '../../../fleet/fleet-store.ts'
import { heldTextOf } from '../../../history/held-text.ts'
import {
  type Change,
  type DocumentStore,
  type HeldDocument,
  type History,
  NO_REVISION,
  type Written,
} from '../../../history/document-store.ts'
import { decodeEntry, decodeHead, type HistoryEntry, MAX_ENTRIES, newHead } from '../../../history/history-entry.ts'
import { nextEntries } from '../../../history/next-entries.ts'
import { changeoverError, isChangeoverError } from '../../../model/failure.ts'
import { callKv } from '../connection/auth.ts'
import { isRequestTooLarge, toSourceError } from '../connection/errors.ts'
import { type Cluster, createCluster, withFailover } from '../connection/failover.ts'
import { resolveSettings } from '../connection/settings.ts'
import { resolveKey } from '../options.ts'
import type { PublishTarget } from '../publish.ts'
import { readTarget } from '../read-target.ts'
import { watchTarget } from '../watch-target.ts'
import { entryNumber, historyKeys } from './reserved-keys.ts'
import { type DocumentKeys, type StoredHead, type WriteTransaction, writeTransaction } from './write-transaction.ts'

/** Entries that are read at once: each may be as large as a document. */
const PAGE_ENTRIES = 10

interface State {
  readonly document: HeldDocument
  readonly stored: StoredHead | undefined
}

/** A key of etcd, with its history and its fleet. */
export interface EtcdDocumentStore extends DocumentStore {
  /** Opens what a fleet keeps beside the key, by the same connection; `callMs` is how long one call may take. */
  readonly fleet: (callMs: number) => Promise<FleetStore>
}

/** Opens a key of etcd for the command. It connects when it is first used. */
export const etcdDocumentStore = (target: PublishTarget): EtcdDocumentStore => {
  const name = resolveKey(target, 'key', target.key)
  const settings = resolveSettings(target)
  const keys: DocumentKeys = { document: Buffer.from(name), ...historyKeys(name) }
  const closing = new AbortController()
  const cluster = createCluster(settings, closing.signal)
  const store = new EtcdKey(cluster, keys)
  return {
    place: `etcd ${settings.hosts.join(',')} ${name}`,
    read: (signal) => named(() => store.read(signal)),
    history: (signal, limit = MAX_ENTRIES) => named(() => store.history(signal, limit)),
    entry: (number, signal) => named(() => store.entry(number, signal)),
    write: (change, signal) => named(() => store.write(change, signal)),
    watch: (signal) => store.watch(signal),
    fleet: async (callMs) => {
      const { etcdFleetStore } = await import('../fleet/etcd-fleet-store.ts')
      const deadlines = { ...settings.deadlines, callMs }
      return etcdFleetStore({ ...cluster, settings: { ...settings, deadlines } }, name)
    },
    close: async () => {
      closing.abort()
      cluster.pool.close()
    },
  }
}

class EtcdKey {
  readonly #cluster: Cluster
  readonly #keys: DocumentKeys

  constructor(cluster: Cluster, keys: DocumentKeys) {
    this.#cluster = cluster
    this.#keys = keys
  }

  async read(signal: AbortSignal): Promise<HeldDocument> {
    const [response] = await this.#ranges([{ key: this.#keys.document }], signal)
    return documentOf(response?.kvs[0])
  }

  async history(signal: AbortSignal, limit: number): Promise<History> {
    const { document, stored } = await this.#state(signal)
    const entries: HistoryEntry[] = []
    for (let end = this.#keys.end; entries.length < limit; ) {
      const size = Math.min(PAGE_ENTRIES, limit - entries.length)
      const request = {
        key: this.#keys.entries,
        range_end: end,
        limit: size,
        sort_order: 'Descend',
        sort_target: 'Key',
      }
      const [page] = await this.#ranges([request as unknown as IRangeRequest], signal)
      const found = page?.kvs ?? []
      entries.push(...found.map(({ key, value }) => decodeEntry(value, entryNumber(key))))
      const last = found.at(-1)
      if (last === undefined || found.length < size) break
      end = Buffer.from(last.key)
    }
    return { document, head: stored?.head, entries, isCurrent: isRecorded(document, stored) }
  }

  async entry(number: number, signal: AbortSignal): Promise<HistoryEntry | undefined> {
    const [response] = await this.#ranges([{ key: this.#keys.entry(number) }], signal)
    const kv = response?.kvs[0]
    return kv === undefined ? undefined : decodeEntry(kv.value, number)
  }

  async write(change: Change, signal: AbortSignal): Promise<Written> {
    for (let tries = 0; ; tries++) {
      const state = await this.#state(signal)
      const { document } = state
      if (document.revision !== change.ifRevision) throw conflict(document)
      const stored = state.stored ?? { head: newHead(), revision: NO_REVISION }
      const isCurrent = isRecorded(document, state.stored)
      const next = nextEntries(change, { document, isCurrent }, stored.head, this.#cluster.settings.clock.now())
      const parts = { keys: this.#keys, text: change.text, document, stored, beside: change.beside }
      const response = await this.#send(writeTransaction({ ...parts, next }), signal)
        .catch((error: unknown) => {
          if (next.found === undefined || !isTooLarge(error)) throw error
          // The document that is replaced has no entry, and finds no room for one.
          const alone = nextEntries(
            change,
            { document, isCurrent: true },
            stored.head,
            this.#cluster.settings.clock.now(),
          )
          return this.#send(writeTransaction({ ...parts, next: alone }), signal)
        })
        .catch((error: unknown) => this.#resolve(error, next.entry, signal))
      if (response.written !== undefined) return response.written
      // Only the head has changed if something has removed the history: then the next try starts one.
      if (response.document.revision !== document.revision) throw conflict(response.document)
      if (tries === MAX_TRIES)
        throw change.beside === undefined ? conflict(document) : changeoverError('fleet.rollout-lost')
    }
  }

  async *watch(signal: AbortSignal): AsyncGenerator<HeldDocument, void, undefined> {
    const target = { kind: 'key', key: this.#keys.document } as const
    const first = await readTarget(this.#cluster, target, signal)
    yield heldOf(first)
    for await (const event of watchTarget(this.#cluster, target, first.revision, signal)) {
      if (event.kind === 'document' || event.kind === 'missing') yield heldOf(event)
    }
  }

  async #state(signal: AbortSignal): Promise<State> {
    const [document, head] = await this.#ranges([{ key: this.#keys.document }, { key: this.#keys.head }], signal)
    return { document: documentOf(document?.kvs[0]), stored: headOf(head?.kvs[0]) }
  }

  /** Reads ranges at one revision. */
  async #ranges(requests: readonly IRangeRequest[], signal: AbortSignal): Promise<readonly IRangeResponse[]> {
    const [only] = requests
    return withFailover(this.#cluster, signal, async (connection, linked) => {
      if (requests.length === 1 && only !== undefined) {
        return [
          await callKv<IRangeResponse>(this.#cluster, connection, linked, (kv, ...rest) => kv.range(only, ...rest)),
        ]
      }
      const request = { success: requests.map((range) => ({ request_range: range })) }
      const response = await callKv<ITxnResponse>(this.#cluster, connection, linked, (kv, ...rest) =>
        kv.txn(request, ...rest),
      )
      return response.responses.map(({ response_range }) => response_range)
    })
  }

  /** Sends a write once, to the host that has answered the read. */
  async #send(
    { request, number, documentBytes, historyBytes }: WriteTransaction,
    signal: AbortSignal,
  ): Promise<SendResult> {
    const connection = await this.#cluster.pool.acquire(signal)
    try {
      const response = await callKv<ITxnResponse>(this.#cluster, connection, signal, (kv, ...rest) =>
        kv.txn(request, ...rest),
      )
      if (!response.succeeded) return { document: documentOf(response.responses[0]?.response_range.kvs[0]) }
      return { written: { revision: response.header.revision, number } }
    } catch (error) {
      if (!isRequestTooLarge(error)) throw error
      const detail = `${documentBytes} bytes, and ${historyBytes} for its history, are more than etcd accepts (--max-request-bytes); nothing was written`
      throw changeoverError('document.too-large', { detail }, error)
    } finally {
      this.#cluster.pool.release(connection)
    }
  }

  /** After some failures the write may have happened all the same: the history knows. */
  async #resolve(error: unknown, { number, id }: HistoryEntry, signal: AbortSignal): Promise<SendResult> {
    if (isChangeoverError(error) || !mayHaveHappened.has(toSourceError(error).code)) throw error
    const [response] = await this.#ranges([{ key: this.#keys.entry(number) }], signal).catch(() => [])
    const kv = response?.kvs[0]
    if (kv === undefined || decodeEntry(kv.value, number).id !== id) throw error
    return { written: { revision: kv.mod_revision, number } }
  }
}

const MAX_TRIES = 5

const isTooLarge = (error: unknown): boolean => isChangeoverError(error) && error.code === 'document.too-large'

const mayHaveHappened: ReadonlySet<string> = new Set(['source.timeout', 'source.unreachable', 'source.failed'])

type SendResult =
  | { readonly written: Written; readonly document?: undefined }
  | { readonly written?: undefined; readonly document: HeldDocument }

const documentOf = (kv: IKeyValue | undefined): HeldDocument =>
  kv === undefined
    ? { revision: NO_REVISION, text: undefined }
    : { revision: kv.mod_revision, text: heldTextOf(kv.value) }

const heldOf = (result: Awaited<ReturnType<typeof readTarget>>): HeldDocument => ({
  revision: result.revision.name,
  text: result.kind === 'document' ? heldTextOf(Buffer.from(result.content as Uint8Array)) : undefined,
})

const headOf = (kv: IKeyValue | undefined): StoredHead | undefined =>
  kv === undefined ? undefined : { head: decodeHead(kv.value), revision: kv.mod_revision }

/** One transaction writes both, so they have the same revision unless something else has written since. */
const isRecorded = (document: HeldDocument, stored: StoredHead | undefined): boolean =>
  stored !== undefined && stored.revision === document.revision

const conflict = ({ revision }: HeldDocument) => changeoverError('source.conflict', { revision })

/** Gives the errors of etcd their codes. */
const named = async <Value>(work: () => Promise<Value>): Promise<Value> => {
  try {
    return await work()
  } catch (error) {
    if (isChangeoverError(error)) throw error
    const failed = error instanceof SourceError ? error : toSourceError(error)
    throw changeoverError(failed.code, failed.detail === undefined ? {} : { detail: failed.detail }, failed.cause)
  }
}
