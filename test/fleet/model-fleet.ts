import { systemClock, type Clock } from '../../src/api/clock.ts'
import { SourceError } from '../../src/api/source.ts'
import { sleep } from '../../src/async/deadline.ts'
import { LatestValue } from '../../src/async/latest-value.ts'
import type { FleetStore, FleetWrite, Held } from '../../src/fleet/fleet-store.ts'
import type { Beside } from '../../src/history/document-store.ts'

/** How long a call waits for an answer that does not come, in milliseconds. */
const CALL_MS = 1_000

interface Kept {
  readonly text: string
  readonly revision: string
  readonly lease: string | undefined
}

interface Lease {
  readonly ttlMs: number
  until: number
  timer: unknown
}

/** How one process reaches the model. */
export class Link {
  /** While it is down, calls fail at once; while it is silent, they wait in vain, and watches hear nothing. */
  mode: 'up' | 'down' | 'silent' = 'up'
  /** How long a question and its answer travel, in milliseconds. */
  delayMs: () => number = () => 0
}

/** What etcd keeps at one document and beside it, in memory, with leases on a clock of the test. */
export class ModelFleet {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  readonly #leases = new Map<string, Lease>()
  readonly #watchers = new Map<LatestValue<true>, { readonly folder: string; readonly link: Link }>()
  readonly #own = new Link()
  /** How often each name was written. */
  readonly writes = new Map<string, number>()
  /** Hears what a name held before it changes, and what it holds then. */
  onChange: (name: string, before: string | undefined, after: string | undefined) => void = () => {}
  document: { readonly revision: string; readonly text: string | undefined } = { revision: '0', text: undefined }
  #revision = 1

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** While it is down, every call and every watch fails. Leases run on. */
  set isDown(value: boolean) {
    this.set(this.#own, value ? 'down' : 'up')
  }

  /** Changes how a process reaches the model. Its watches break when that gets worse for certain, or better again. */
  set(link: Link, mode: Link['mode']): void {
    const isBroken = mode !== link.mode && mode !== 'silent'
    link.mode = mode
    if (!isBroken) return
    for (const [watcher, { link: used }] of this.#watchers) {
      if (used === link) watcher.fail(new SourceError('source.unreachable'))
    }
  }

  /** Ends a lease, as etcd does when it was not renewed. */
  endLease(id: string): void {
    const lease = this.#leases.get(id)
    if (lease === undefined) return
    this.#clock.clearTimeout(lease.timer)
    this.#leases.delete(id)
    this.#change(
      {},
      [...this.#kept].filter(([, kept]) => kept.lease === id).map(([name]) => name),
    )
  }

  /** Lets every lease begin again, as a new leader does. */
  prolongLeases(): void {
    for (const id of this.#leases.keys()) this.#renew(id)
  }

  get leases(): readonly string[] {
    return [...this.#leases.keys()]
  }

  /** Writes the document, and what changes together with it. Returns false if something was not as expected. */
  publish(
    text: string,
    { ifRevision, beside }: { readonly ifRevision?: string; readonly beside?: Beside } = {},
  ): boolean {
    if (ifRevision !== undefined && ifRevision !== this.document.revision) return false
    if (beside !== undefined && !this.#isExpected(beside.expect)) return false
    this.#revision += 1
    this.document = { revision: String(this.#revision), text }
    this.#change(beside?.put ?? {}, beside?.remove ?? [])
    return true
  }

  /** Makes a call by a link. */
  async call<Value>(link: Link, signal: AbortSignal, work: () => Value): Promise<Value> {
    if (signal.aborted) throw new SourceError('source.closed')
    await this.#travel(link, signal)
    const value = work()
    await this.#travel(link, signal)
    return value
  }

  store(link: Link = this.#own): FleetStore {
    const call = <Value>(signal: AbortSignal, work: () => Value): Promise<Value> => this.call(link, signal, work)
    return {
      place: 'model',
      isPrefix: false,
      grant: (ttlMs, signal) => call(signal, () => this.#grant(ttlMs)),
      renew: (lease, signal) => call(signal, () => this.#renew(lease)),
      revoke: (lease, signal) => call(signal, () => this.endLease(lease)),
      list: (prefix, signal) => call(signal, () => ({ document: this.document.revision, entries: this.#list(prefix) })),
      write: (change, signal) => call(signal, () => this.#write(change)),
      watch: (folder, signal) => this.#watch(folder, link, signal),
      close: () => {},
    }
  }

  async #travel(link: Link, signal: AbortSignal): Promise<void> {
    const delayMs = link.delayMs()
    if (delayMs > 0) await sleep(this.#clock, delayMs, signal)
    if (link.mode === 'down') throw new SourceError('source.unreachable')
    if (link.mode !== 'silent') return
    await sleep(this.#clock, CALL_MS, signal)
    throw new SourceError('source.timeout')
  }

  #grant(ttlMs: number): string {
    this.#revision += 1
    const id = String(this.#revision)
    this.#leases.set(id, { ttlMs, until: 0, timer: undefined })
    this.#renew(id)
    return id
  }

  #renew(id: string): boolean {
    const lease = this.#leases.get(id)
    if (lease === undefined) return false
    this.#clock.clearTimeout(lease.timer)
    lease.until = this.#clock.monotonic() + lease.ttlMs
    lease.timer = this.#clock.setTimeout(() => this.endLease(id), lease.ttlMs)
    return true
  }

  #list(prefix: string): readonly Held[] {
    const names = [...this.#kept.keys()].filter((name) => name.startsWith(prefix)).toSorted()
    return names.map((name) => {
      const { text, revision } = this.#kept.get(name) as Kept
      return { name, text, revision }
    })
  }

  #isExpected(expect: FleetWrite['expect']): boolean {
    return Object.entries(expect).every(([name, revision]) => (this.#kept.get(name)?.revision ?? '0') === revision)
  }

  #write({ expect, put = {}, lease, remove = [] }: FleetWrite): string | undefined {
    const isLeaseKnown = lease === undefined || this.#leases.has(lease)
    if (!this.#isExpected(expect) || !isLeaseKnown) return undefined
    this.#revision += 1
    this.#change(put, remove, lease)
    return String(this.#revision)
  }

  #change(put: Readonly<Record<string, string>>, remove: readonly string[], lease?: string): void {
    const revision = String(this.#revision)
    for (const name of remove) {
      const before = this.#kept.get(name)
      if (this.#kept.delete(name)) this.onChange(name, before?.text, undefined)
    }
    for (const [name, text] of Object.entries(put)) {
      const before = this.#kept.get(name)
      this.#kept.set(name, { text, revision, lease })
      this.writes.set(name, (this.writes.get(name) ?? 0) + 1)
      this.onChange(name, before?.text, text)
    }
    this.#announce([...remove, ...Object.keys(put)])
  }

  async *#watch(folder: string, link: Link, signal: AbortSignal): AsyncGenerator<void, void, undefined> {
    await this.#travel(link, signal)
    const channel = new LatestValue<true>()
    this.#watchers.set(channel, { folder, link })
    const end = (): void => channel.end()
    signal.addEventListener('abort', end)
    channel.put(true)
    try {
      while ((await channel.take()) !== undefined) yield
    } finally {
      this.#watchers.delete(channel)
      signal.removeEventListener('abort', end)
    }
  }

  #announce(names: readonly string[]): void {
    for (const [watcher, { folder, link }] of this.#watchers) {
      if (link.mode === 'up' && names.some((name) => name.startsWith(folder))) watcher.put(true)
    }
  }
}
