import { systemClock, type Clock } from '../../src/api/clock.ts'
import { SourceError } from '../../src/api/source.ts'
import { LatestValue } from '../../src/async/latest-value.ts'
import type { FleetStore, FleetWrite, Held } from '../../src/fleet/fleet-store.ts'

interface Kept {
  readonly text: string
  readonly revision: string
  readonly lease: string | undefined
}

/** What etcd keeps beside one document, in memory, with leases on a clock of the test. */
export class ModelFleet {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  readonly #leases = new Map<string, { readonly ttlMs: number; until: number }>()
  readonly #watchers = new Map<LatestValue<true>, string>()
  /** How often each name was written. */
  readonly writes = new Map<string, number>()
  #revision = 1
  #isDown = false

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** While it is down, every call and every watch fails. Leases run on. */
  set isDown(value: boolean) {
    this.#isDown = value
    if (value) for (const watcher of this.#watchers.keys()) watcher.fail(new SourceError('source.unreachable'))
  }

  /** Ends a lease, as etcd does when it was not renewed. */
  endLease(lease: string): void {
    this.#leases.delete(lease)
    const gone = [...this.#kept].filter(([, kept]) => kept.lease === lease).map(([name]) => name)
    for (const name of gone) this.#kept.delete(name)
    if (gone.length > 0) this.#announce(gone)
  }

  get leases(): readonly string[] {
    return [...this.#leases.keys()]
  }

  store(): FleetStore {
    const call = async <Value>(signal: AbortSignal, work: () => Value): Promise<Value> => {
      if (signal.aborted) throw new SourceError('source.closed')
      if (this.#isDown) throw new SourceError('source.unreachable')
      this.#expire()
      return work()
    }
    return {
      place: 'model',
      grant: (ttlMs, signal) => call(signal, () => this.#grant(ttlMs)),
      renew: (lease, signal) => call(signal, () => this.#renew(lease)),
      revoke: (lease, signal) => call(signal, () => this.endLease(lease)),
      list: (prefix, signal) => call(signal, () => ({ document: '0', entries: this.#list(prefix) })),
      write: (change, signal) => call(signal, () => this.#write(change)),
      watch: (folder, signal) => this.#watch(folder, signal),
      close: () => {},
    }
  }

  #grant(ttlMs: number): string {
    this.#revision += 1
    const lease = String(this.#revision)
    this.#leases.set(lease, { ttlMs, until: this.#clock.monotonic() + ttlMs })
    return lease
  }

  #renew(lease: string): boolean {
    const held = this.#leases.get(lease)
    if (held === undefined) return false
    held.until = this.#clock.monotonic() + held.ttlMs
    return true
  }

  #list(prefix: string): readonly Held[] {
    const names = [...this.#kept.keys()].filter((name) => name.startsWith(prefix)).toSorted()
    return names.map((name) => {
      const { text, revision } = this.#kept.get(name) as Kept
      return { name, text, revision }
    })
  }

  #write({ expect, put = {}, lease, remove = [] }: FleetWrite): string | undefined {
    const isExpected = Object.entries(expect).every(
      ([name, revision]) => (this.#kept.get(name)?.revision ?? '0') === revision,
    )
    const isLeaseKnown = lease === undefined || this.#leases.has(lease)
    if (!isExpected || !isLeaseKnown) return undefined
    this.#revision += 1
    const revision = String(this.#revision)
    for (const name of remove) this.#kept.delete(name)
    for (const [name, text] of Object.entries(put)) {
      this.#kept.set(name, { text, revision, lease })
      this.writes.set(name, (this.writes.get(name) ?? 0) + 1)
    }
    this.#announce([...remove, ...Object.keys(put)])
    return revision
  }

  async *#watch(folder: string, signal: AbortSignal): AsyncGenerator<void, void, undefined> {
    if (this.#isDown) throw new SourceError('source.unreachable')
    const channel = new LatestValue<true>()
    this.#watchers.set(channel, folder)
    signal.addEventListener('abort', () => channel.end())
    channel.put(true)
    try {
      while ((await channel.take()) !== undefined) yield
    } finally {
      this.#watchers.delete(channel)
    }
  }

  #announce(names: readonly string[]): void {
    for (const [watcher, folder] of this.#watchers) {
      if (names.some((name) => name.startsWith(folder))) watcher.put(true)
    }
  }

  #expire(): void {
    const now = this.#clock.monotonic()
    for (const [lease, { until }] of this.#leases) if (until <= now) this.endLease(lease)
  }
}
