import { createVirtualClock } from 'changeover/testing'
import { abortRollout } from '../../../src/cli/fleet/abort-rollout.ts'
import { RolloutDriver } from '../../../src/cli/fleet/rollout-driver.ts'
import type { RolloutPlan, Step } from '../../../src/cli/fleet/rollout-plan.ts'
import { PROMOTED, ROLLOUT, rolloutNews } from '../../../src/fleet/rollout-entry.ts'
import { sleep } from '../../../src/async/deadline.ts'
import type { Beside } from '../../../src/history/document-store.ts'
import { changeoverError, isChangeoverError } from '../../../src/model/failure.ts'
import { Link, ModelFleet } from '../model-fleet.ts'
import { type Pool, SimulatedInstance, type Temper } from './simulated-instance.ts'

export const TTL_MS = 2_000

/** What is known of one rollout. */
export interface PlayedRollout {
  readonly id: string
  readonly n: number
  readonly link: Link
  readonly stopped: AbortController
  readonly base: string
  /** The names of all instances that were ever asked to try the candidate. */
  readonly canaries: Set<string>
  /** What served in each instance when the rollout began. */
  readonly before: ReadonlyMap<SimulatedInstance, Pool | undefined>
  /** When its entry went. */
  endedAt: number | undefined
  promotedAt: number | undefined
  /** How the driver has ended: `published`, or the code of its failure. */
  result: string | undefined
}

export interface RolloutOptions {
  readonly steps?: readonly Step[]
  readonly holdMs?: number
  readonly timeoutMs?: number
  readonly maxFailures?: number
  /** For how long the driver is stopped before it publishes. */
  readonly pauseMs?: number
  readonly delayMs?: () => number
}

const never = new AbortController().signal

/** A fleet on virtual time, of real reloaders, canaries and drivers at a model of etcd. */
export class FleetWorld {
  readonly clock = createVirtualClock()
  readonly model = new ModelFleet(this.clock)
  readonly instances: SimulatedInstance[] = []
  readonly rollouts: PlayedRollout[] = []
  /** The values of `n` that the document has had. */
  readonly published = new Set<number>()
  readonly #random: () => number
  #counter = 0
  #names = 0
  #rollouts = 0

  constructor(random: () => number) {
    this.#random = random
    this.model.onChange = (name, before, after) => this.#note(name, before, after)
  }

  get live(): readonly SimulatedInstance[] {
    return this.instances.filter(({ isLive }) => isLive)
  }

  next(): number {
    this.#counter += 1
    return this.#counter
  }

  /** Writes another document, as somebody else would. */
  publish(n = this.next()): number {
    this.published.add(n)
    this.model.publish(textOf(n))
    this.#tell(n)
    return n
  }

  async add(temper: Temper = { refuses: () => false, isUnsound: () => false }): Promise<SimulatedInstance> {
    this.#names += 1
    const { model, clock } = this
    const instance = new SimulatedInstance({ model, clock, random: this.#random, name: `i${this.#names}`, temper })
    const started = instance.start()
    this.instances.push(instance)
    await clock.advance(0)
    await started
    return instance
  }

  /** Starts a rollout, and returns at once. */
  roll(
    n: number,
    {
      steps = [() => 1, (count) => count],
      holdMs = 500,
      timeoutMs = 8_000,
      maxFailures = 0,
      pauseMs = 0,
      delayMs,
    }: RolloutOptions,
  ): PlayedRollout {
    this.#rollouts += 1
    const id = `r${this.#rollouts}`
    const [link, stopped, base] = [new Link(), new AbortController(), this.model.document.revision]
    if (delayMs !== undefined) link.delayMs = delayMs
    const before = new Map(this.instances.map((instance) => [instance, instance.pool]))
    const known = { id, n, link, stopped, base, canaries: new Set<string>(), before }
    const played: PlayedRollout = { ...known, endedAt: undefined, promotedAt: undefined, result: undefined }
    this.rollouts.push(played)
    const mayTry: RolloutPlan['mayTry'] = ({ stale, degraded }) => !stale && degraded.length === 0
    const plan = { text: textOf(n), base, by: 'Ada', reason: '', steps, holdMs, timeoutMs, ttlMs: TTL_MS }
    const driver = new RolloutDriver(
      { store: this.model.store(link), clock: this.clock, signal: stopped.signal, id, say: () => {} },
      { ...plan, maxFailures, mayTry },
    )
    void this.#drive(played, driver, pauseMs)
    return played
  }

  /** Ends the driver as `kill -9` does. */
  kill({ link, stopped }: PlayedRollout): void {
    this.model.set(link, 'down')
    stopped.abort()
  }

  /** Ends the driver as Ctrl-C does. */
  interrupt({ stopped }: PlayedRollout): void {
    stopped.abort()
  }

  abort(): Promise<unknown> {
    return abortRollout(this.model.store(new Link()), 'Bob', never)
  }

  async close(): Promise<void> {
    const closing = Promise.all(this.live.map((instance) => instance.stop(false)))
    await this.clock.advance(20_000)
    await closing
  }

  async #drive(played: PlayedRollout, driver: RolloutDriver, pauseMs: number): Promise<void> {
    const { model } = this
    const { n, link, stopped, base } = played
    try {
      await driver.run()
      if (pauseMs > 0) await sleep(this.clock, pauseMs, never)
      await driver.promote((beside) => model.call(link, stopped.signal, () => this.#promote(n, base, beside)))
      played.result = 'published'
    } catch (error) {
      played.result = isChangeoverError(error) ? error.code : (error as Error).name
    } finally {
      await driver.end()
    }
  }

  #promote(n: number, ifRevision: string, beside: Beside): void {
    if (this.model.document.revision !== ifRevision) throw changeoverError('source.conflict')
    if (!this.model.publish(textOf(n), { beside })) throw changeoverError('fleet.rollout-lost')
    this.published.add(n)
    this.#tell(n)
  }

  #tell(n: number): void {
    // By their sources, instances hear of it later or earlier than by the fleet.
    for (const instance of this.live) {
      const tell = (): void => instance.see(this.model.document.text ?? '')
      if (this.#random() < 0.3) instance.see(textOf(n))
      else this.clock.setTimeout(tell, 1 + Math.floor(this.#random() * 300))
    }
  }

  #note(name: string, before: string | undefined, after: string | undefined): void {
    if (name === PROMOTED) {
      const { promoted } = rolloutNews([{ name, text: after ?? '', revision: '1' }])
      const played = this.rollouts.find(({ id }) => id === promoted?.rollout)
      if (played !== undefined) played.promotedAt = this.clock.monotonic()
    }
    if (name !== ROLLOUT) return
    const { running } = rolloutNews([{ name, text: after ?? before ?? '', revision: '1' }])
    const played = this.rollouts.find(({ id }) => id === running?.id)
    for (const canary of running?.canaries ?? []) played?.canaries.add(canary)
    if (after === undefined && played !== undefined) played.endedAt = this.clock.monotonic()
  }
}

const textOf = (n: number): string => `{"n":${n}}`
