import { randomBytes } from 'node:crypto'
import type { Clock } from '../../api/clock.ts'
import { encodeInstance, instanceName, decodeInstance } from '../instance-entry.ts'
import type { FleetStore } from '../fleet-store.ts'
import type { Identity, InstanceFacts } from './facts.ts'

/** An entry is written at most this often, in milliseconds. */
const WRITE_EVERY_MS = 1_000

/** Keeps the entry of one instance under its lease. Each step makes one request, so a failure loses nothing but that. */
export class EntryKeeper {
  readonly #store: FleetStore
  readonly #clock: Clock
  readonly #ttlMs: number
  readonly #factsOf: (identity: Identity) => InstanceFacts
  #identity: Identity
  #lease: string | undefined
  #renewedAt = 0
  #writtenAt = Number.NEGATIVE_INFINITY
  #written: { readonly facts: string; readonly revision: string } | undefined
  #sequence = 0

  constructor(
    store: FleetStore,
    identity: Identity,
    { clock, ttlMs }: { readonly clock: Clock; readonly ttlMs: number },
    factsOf: (identity: Identity) => InstanceFacts,
  ) {
    this.#store = store
    this.#clock = clock
    this.#ttlMs = ttlMs
    this.#factsOf = factsOf
    this.#identity = identity
  }

  get id(): string {
    return this.#identity.id
  }

  /** The lease under which the instance writes; undefined while it has none. */
  get lease(): string | undefined {
    return this.#lease
  }

  /** Does what is due. Returns after how many milliseconds something is due again if nothing changes. */
  async step(signal: AbortSignal): Promise<number> {
    const now = this.#clock.monotonic()
    if (this.#lease === undefined) {
      this.#lease = await this.#store.grant(this.#ttlMs, signal)
      this.#renewedAt = now
      this.#written = undefined
    } else if (this.#renewInMs === 0) {
      if (!(await this.#store.renew(this.#lease, signal))) {
        this.#forgetLease()
        return 0
      }
      this.#renewedAt = now
    }
    const facts = this.#factsOf(this.#identity)
    const meaning = JSON.stringify(facts)
    const restMs = this.#writtenAt + WRITE_EVERY_MS - this.#clock.monotonic()
    if (meaning === this.#written?.facts) return this.#renewInMs
    if (this.#written !== undefined && restMs > 0) return Math.min(restMs, this.#renewInMs)
    return (await this.#write(facts, meaning, signal)) ? this.#renewInMs : 0
  }

  /** Ends the lease, and with it the entry. */
  async leave(signal: AbortSignal): Promise<void> {
    const lease = this.#lease
    this.#forgetLease()
    if (lease !== undefined) await this.#store.revoke(lease, signal)
  }

  /** It will be found out whether the lease has ended: after a failure, nothing is known of it. */
  doubt(): void {
    this.#renewedAt = Number.NEGATIVE_INFINITY
  }

  get #renewInMs(): number {
    return Math.max(0, Math.ceil(this.#renewedAt + this.#ttlMs / 3 - this.#clock.monotonic()))
  }

  #forgetLease(): void {
    this.#lease = undefined
    this.#written = undefined
  }

  /** Returns false if the next step has to write. */
  async #write(facts: InstanceFacts, meaning: string, signal: AbortSignal): Promise<boolean> {
    const name = instanceName(this.#identity.id)
    const lease = this.#lease as string
    const text = encodeInstance({ ...facts, sequence: this.#sequence + 1, at: this.#clock.now() })
    const expect = { [name]: this.#written?.revision ?? '0' }
    const revision = await this.#store.write({ expect, put: { [name]: text }, lease }, signal)
    if (revision === undefined) {
      await this.#resolve(name, signal)
      return false
    }
    this.#sequence += 1
    this.#writtenAt = this.#clock.monotonic()
    this.#written = { facts: meaning, revision }
    return true
  }

  /** The write was refused: the lease has ended, an earlier write was made after all, or the id is taken. */
  async #resolve(name: string, signal: AbortSignal): Promise<void> {
    const { entries } = await this.#store.list(name, signal)
    const held = entries.find((entry) => entry.name === name)
    if (held === undefined) return this.#forgetLease()
    const entry = decodeInstance(held.text)
    if (entry?.session === this.#identity.session) {
      this.#sequence = Math.max(this.#sequence, entry.sequence)
      this.#written = { facts: '', revision: held.revision }
      return
    }
    // A copy of this process, such as a restored machine. Its entry is never overwritten.
    const { id } = this.#identity
    this.#identity = { ...this.#identity, id: `${id}-${randomBytes(2).toString('hex')}` }
  }
}
