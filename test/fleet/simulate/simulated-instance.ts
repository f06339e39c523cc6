import { type Applier, createReloader, type Source } from 'changeover'
import { fleet } from 'changeover/fleet'
import { memorySource } from 'changeover/testing'
import { z } from 'zod'
import type { Clock } from '../../../src/api/clock.ts'
import type { FleetStore } from '../../../src/fleet/fleet-store.ts'
import type { Member } from '../../../src/fleet/membership.ts'
import type { SourceContext } from '../../../src/api/source.ts'
import { Link, type ModelFleet } from '../model-fleet.ts'

const Config = z.object({ n: z.number() })
type Config = z.infer<typeof Config>

/** What a module serves with. */
export interface Pool {
  readonly n: number
}

/** What an instance makes of documents. */
export interface Temper {
  /** It cannot be prepared. */
  readonly refuses: (n: number) => boolean
  /** Its checks fail. */
  readonly isUnsound: (n: number) => boolean
}

export interface InstanceParts {
  readonly model: ModelFleet
  readonly clock: Clock
  readonly random: () => number
  readonly name: string
  readonly temper: Temper
}

/** A real reloader that is a member of a model of a fleet, by a link that may break. */
export class SimulatedInstance {
  readonly name: string
  readonly link = new Link()
  /** The values of `n` that were prepared, in their order. */
  readonly prepared: number[] = []
  /** When a trial has ended other than by a promotion, by the value of `n`. */
  readonly refusedAt = new Map<number, number>()
  readonly reloader: ReturnType<typeof newReloader>
  readonly #source = memorySource()
  readonly #parts: InstanceParts
  #member: Member | undefined
  #isStarted = false
  /** From when on it reaches the model without a break; undefined while it does not. */
  upSince: number | undefined
  isLive = true

  constructor(parts: InstanceParts) {
    this.#parts = parts
    this.name = parts.name
    const { clock, random, model } = parts
    this.upSince = clock.monotonic()
    this.#source.put(model.document.text ?? '{}')
    const store = named(model.store(this.link), parts.name)
    const membership = fleet({ service: 'shop', ttlMs: 4_000 })
    const source = {
      ...this.#source,
      attach: (context: SourceContext) => {
        this.#member = membership.join(context, store)
      },
      close: async () => this.#member?.leave(),
    }
    this.reloader = newReloader(source, { clock, random }, this.#pool())
  }

  /** What serves; undefined before something does. */
  get pool(): Pool | undefined {
    return this.#isStarted ? this.reloader.modules.pool.current : undefined
  }

  async start(): Promise<void> {
    await this.reloader.start()
    this.#isStarted = true
  }

  /** Takes over what the model holds, if it can be reached. */
  see(text: string): void {
    this.#source.put(text)
  }

  cut(mode: 'down' | 'silent'): void {
    if (this.link.mode !== 'up') return
    this.#parts.model.set(this.link, mode)
    this.upSince = undefined
    if (mode === 'silent') return this.#source.silence()
    this.#source.failReads('source.unreachable')
    this.#source.failWatches('source.unreachable')
    this.#source.breakWatch('source.unreachable')
  }

  heal(): void {
    if (this.link.mode === 'up' || !this.isLive) return
    this.upSince = this.#parts.clock.monotonic()
    this.#parts.model.set(this.link, 'up')
    this.#source.heal()
    this.#source.breakWatch('source.closed')
  }

  /** Ends it as an exit does, or as a crash: then its entry stays until its lease ends. */
  stop(isCrash: boolean): Promise<void> {
    this.isLive = false
    if (isCrash) this.#parts.model.set(this.link, 'down')
    return this.reloader.close()
  }

  #pool(): Applier<Config, Pool> {
    const { temper, clock } = this.#parts
    return {
      prepare: ({ n }) => {
        this.prepared.push(n)
        if (temper.refuses(n)) {
          this.refusedAt.set(n, clock.monotonic())
          throw new Error('refused')
        }
        return {
          instance: { n },
          check: async () => {
            if (!temper.isUnsound(n)) return
            this.refusedAt.set(n, clock.monotonic())
            throw new Error('unsound')
          },
        }
      },
    }
  }
}

const newReloader = (
  source: Source,
  parts: { readonly clock: Clock; readonly random: () => number },
  pool: Applier<Config, Pool>,
) => {
  const soak = { durationMs: 250, intervalMs: 250, failureThreshold: 1 }
  const sourceBackoff = { minMs: 50, maxMs: 500 }
  return createReloader({ source, schema: Config, ...parts, soak, sourceBackoff }).use('pool', (config) => config, pool)
}

/** Gives an instance an id that is the same in every process: the order of canaries depends on it. */
const named = (store: FleetStore, name: string): FleetStore => {
  let own: string | undefined
  const alias = (text: string): string => (own === undefined ? text : text.replaceAll(own, name))
  const real = (text: string): string => (own === undefined ? text : text.replaceAll(`"${name}"`, `"${own}"`))
  const mapped = (texts: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(texts).map(([key, text]) => [alias(key), alias(text)]))
  return {
    ...store,
    list: async (prefix, signal) => {
      const listing = await store.list(alias(prefix), signal)
      const entries = listing.entries.map((held) => {
        const isOwn = own !== undefined && held.name === `instances/${name}`
        return { ...held, name: isOwn ? `instances/${own}` : held.name, text: real(held.text) }
      })
      return { ...listing, entries }
    },
    write: (change, signal) => {
      const written = Object.keys(change.put ?? {}).find((key) => key.startsWith('instances/'))
      own ??= written?.slice('instances/'.length)
      return store.write({ ...change, expect: mapped(change.expect as never), put: mapped(change.put) }, signal)
    },
  }
}
