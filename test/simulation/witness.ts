import { isChangeoverError, type TransactionRecord } from 'changeover'
import type { VersionedSlice } from './modules.ts'
import type { Scene } from './scene.ts'

const RESTING = new Set(['idle', 'committed', 'rejected', 'rolled-back', 'degraded'])
/** What a person asked for, or keeps up what serves, is no change of the source's. */
const freeWhileFrozen = new Set(['repair', 'restore', 'revert'])
const trusted = new Set(['restore', 'revert'])

/** Sees all that a history does, and notes each guarantee that it breaks. */
export class Witness {
  readonly broken: string[] = []
  readonly records: TransactionRecord[] = []
  /** Calls that nobody has answered yet. */
  unanswered = 0
  /** Where the last revert was to go. */
  wanted: string | undefined
  /** The ids that somebody has confirmed in time. */
  readonly #confirmed = new Set<string>()
  readonly #scene: Scene
  readonly #good = new Set<string>()
  /** Configs that have failed since they were last good or released. */
  readonly #failed = new Set<string>()
  /** Those that must not be tried before this time. */
  #held: ReadonlyMap<string, number> = new Map()
  #lastGood: string | undefined
  /** The last transaction that had begun when changes were frozen. */
  #frozenAfter: number | undefined
  readonly consuming: Promise<void>

  constructor(scene: Scene) {
    this.#scene = scene
    this.consuming = this.#consume()
  }

  must(holds: boolean, what: string): void {
    if (!holds) this.broken.push(`${what} (after ${this.records.length} transactions)`)
  }

  get isAtRest(): boolean {
    return RESTING.has(this.#scene.reloader.status().state)
  }

  /** A call that is to be answered: by its record, or with one of the codes. */
  ask<T>(asked: Promise<T>, codes: readonly string[], check: (answer: T) => void = () => {}): void {
    this.unanswered += 1
    asked
      .then(check, (error: unknown) => {
        const code = isChangeoverError(error) ? error.code : String(error)
        this.must(codes.includes(code), `a call was refused with ${code}`)
      })
      .finally(() => {
        this.unanswered -= 1
      })
  }

  confirmed(id: string): void {
    this.#confirmed.add(id)
  }

  /** The one that waits is let pass once, whichever it is. */
  retried(): void {
    this.#held = new Map()
  }

  released(): void {
    this.#held = new Map()
    this.#failed.clear()
  }

  frozen(): void {
    const last = this.records.at(-1)?.epoch ?? 0
    this.#frozenAfter ??= this.isAtRest ? last : last + 1
  }

  unfrozen(): void {
    this.#frozenAfter = undefined
  }

  /** G1 and G2: what serves is one whole snapshot, at rest and in between. */
  checkServing(): void {
    const { reloader, world, soaks } = this.#scene
    const { config, modules } = reloader
    const { state, degraded, lastGood, history, frozen } = reloader.status()
    const serves = (name: 'a' | 'b' | 'c', slice: VersionedSlice | undefined): void => {
      const isOff = slice === undefined && modules[name].current === undefined
      this.must(isOff || modules[name].current?.version === slice?.version, `G1 ${name} serves another version`)
    }
    serves('a', config.a)
    serves('b', config.b)
    serves('c', config.c)
    if (this.isAtRest && !degraded.includes('d')) this.must(world.applied === config.d.version, 'G2 d was not applied')
    this.must(state !== 'degraded' || degraded.length > 0 || soaks, 'G2 degraded without a name')
    this.must(lastGood?.digest === this.#lastGood, 'the last known good is not what was committed last')
    // While it is being written down, a good document is in the history before its record.
    const isKnown = history.every(({ digest }) => this.#good.has(digest))
    this.must(isKnown || !this.isAtRest, 'the history holds what never was committed')
    this.must((frozen !== undefined) === (this.#frozenAfter !== undefined), 'it does not say whether it is frozen')
  }

  /** G18, and the sums of G17, once all has been closed. */
  checkClosed(): void {
    const { reloader, clock, world } = this.#scene
    const { modules, counters } = reloader.status()
    for (const [name, { opened, closed, live, leaked }] of Object.entries(modules)) {
      this.must(opened === closed + live + leaked && live === 0, `G18 the account of ${name} does not add up`)
    }
    this.must(clock.pending() === 0, `G18 ${clock.pending()} timers were begun after the close`)
    this.must(this.unanswered === 0, `${this.unanswered} calls were never answered`)
    for (const breach of world.breaches) this.must(false, `G3 ${breach}`)
    const { reported: _, ...outcomes } = counters
    const concluded = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
    this.must(concluded === this.records.length, 'G17 the counters do not add up')
    const ids = new Set(this.records.map(({ id }) => id))
    this.must(ids.size === this.records.length, 'G17 a transaction has two records')
  }

  async #consume(): Promise<void> {
    const { reloader } = this.#scene
    for await (const record of reloader.transactions()) {
      this.#check(record)
      this.records.push(record)
      const { outcome, digest = '' } = record
      if (outcome === 'rolled-back' || outcome === 'degraded') this.#failed.add(digest)
      if (outcome === 'committed') {
        this.#good.add(digest)
        this.#failed.delete(digest)
        this.#lastGood = digest
      }
      const { quarantine } = reloader.status()
      this.#held = new Map(quarantine.map(({ digest, until = Number.POSITIVE_INFINITY }) => [digest, until]))
    }
  }

  #check(record: TransactionRecord): void {
    const { id, epoch, trigger, outcome, digest = '', modules } = record
    const codes = 'failures' in record ? record.failures.map(({ code }) => code) : []
    const wasCalled = modules.some(({ phases }) => phases.length > 0)
    if (outcome === 'rejected') this.must(!wasCalled, 'G4 a rejected document has called a module')
    if (codes.includes('quarantined')) this.must(this.#failed.has(digest), 'a document is held that has not failed')
    // What is kept up is what serves; all else is a document of the source's.
    const isSources = !trusted.has(trigger) && (trigger !== 'repair' || digest !== this.#lastGood)
    const endedAt = record.startedAt + record.durationMs
    const isHeld = (this.#held.get(digest) ?? 0) > endedAt
    this.must(!(isSources && isHeld && wasCalled), `a quarantined config was tried again by ${trigger}`)
    const isFirst = this.#lastGood === undefined
    const needsWord = this.#scene.confirms && isSources && !isFirst && outcome === 'committed'
    this.must(!needsWord || this.#confirmed.has(id), 'a change holds that nobody has confirmed')
    this.must(!(codes[0] === 'confirm.expired' && this.#confirmed.has(id)), 'a change was confirmed and expired')
    const isAfterFreeze = this.#frozenAfter !== undefined && epoch > this.#frozenAfter
    this.must(!isAfterFreeze || freeWhileFrozen.has(trigger), `frozen, a ${trigger} was begun`)
  }
}
