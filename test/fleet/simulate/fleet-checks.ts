import { type FleetWorld, type PlayedRollout, TTL_MS } from './fleet-world.ts'
import type { Pool, SimulatedInstance } from './simulated-instance.ts'

/** What a canary may take to act on what it has heard, in milliseconds. */
const SLACK_MS = 500
/** What a canary may take to tell that it has refused a candidate. */
const NEWS_MS = 500

/** Compares what instances serve with what the rollouts allow. */
export class FleetChecks {
  readonly violations: string[] = []
  readonly #world: FleetWorld
  #before = new Map<SimulatedInstance, Pool | undefined>()
  #document = ''
  /** Canaries that have not reached etcd all the time. */
  readonly #wasCut = new Set<SimulatedInstance>()
  readonly #promoted = new Set<string>()
  readonly #goneAt = new Map<SimulatedInstance, number>()

  constructor(world: FleetWorld) {
    this.#world = world
  }

  /** A history begins. */
  begin(): void {
    const { live, model } = this.#world
    this.#before = new Map(live.map((instance) => [instance, instance.pool]))
    this.#document = model.document.revision
    this.#wasCut.clear()
    this.#promoted.clear()
    this.#goneAt.clear()
  }

  /** Call it again and again. */
  tick(): void {
    const { instances, rollouts, clock } = this.#world
    for (const instance of instances) {
      if (!instance.isLive && !this.#goneAt.has(instance)) this.#goneAt.set(instance, clock.monotonic())
      if (!instance.isLive) continue
      if (instance.upSince === undefined || instance.link.mode !== 'up') this.#wasCut.add(instance)
      this.#checkServing(instance)
    }
    for (const rollout of rollouts) {
      if (rollout.promotedAt === undefined || this.#promoted.has(rollout.id)) continue
      this.#promoted.add(rollout.id)
      this.#checkPromotion(rollout, rollout.promotedAt)
    }
  }

  /** Everything has come to rest: the newest document serves wherever it can. */
  end(): void {
    const { live, model, rollouts, published } = this.#world
    const text = model.document.text ?? ''
    for (const instance of live) {
      const n = instance.pool?.n ?? 0
      if (!this.#canServe(instance) && published.has(n)) continue
      if (text !== `{"n":${n}}`) this.#report(`${instance.name} serves ${n} in the end, and not ${text}`)
      this.#checkPools(instance)
    }
    for (const { id, result, promotedAt } of rollouts) {
      if (result === undefined) this.#report(`${id} has not ended`)
      if (result === 'published' && promotedAt === undefined) this.#report(`${id} says that it is published`)
    }
  }

  /** An instance serves a candidate only as its canary, and not for long after the rollout has gone. */
  #checkServing(instance: SimulatedInstance): void {
    const { rollouts, published, clock } = this.#world
    const n = instance.pool?.n
    if (n === undefined || published.has(n)) return
    const rollout = rollouts.find((one) => one.n === n)
    if (rollout?.canaries.has(instance.name) !== true)
      return this.#report(`${instance.name} serves ${n}, and is no canary`)
    if (rollout.endedAt === undefined) return
    const since = rollout.endedAt
    const alone = since + 2 * TTL_MS
    const heard = instance.upSince === undefined ? alone : Math.max(since, instance.upSince) + TTL_MS / 4
    if (clock.monotonic() > Math.min(alone, heard) + SLACK_MS) {
      this.#report(`${instance.name} serves ${n} ${clock.monotonic() - since} ms after its rollout`)
    }
  }

  /** What is promoted has been proved by every canary. */
  #checkPromotion({ id, n, canaries }: PlayedRollout, at: number): void {
    const { instances } = this.#world
    for (const instance of instances.filter(({ name }) => canaries.has(name))) {
      const refusedAt = this.#wasCut.has(instance) ? undefined : instance.refusedAt.get(n)
      if (refusedAt !== undefined && refusedAt < at - NEWS_MS)
        this.#report(`${id} is promoted, but ${instance.name} has refused it`)
      if (!instance.prepared.includes(n)) this.#report(`${id} is promoted, but ${instance.name} has not tried it`)
    }
  }

  /** No module of a canary is called for a promotion, and one that returns has the same pool as before. */
  #checkPools(instance: SimulatedInstance): void {
    const { rollouts, model } = this.#world
    const isUndisturbed = !this.#wasCut.has(instance)
    for (const { n, promotedAt } of rollouts) {
      const times = instance.prepared.filter((prepared) => prepared === n).length
      if (promotedAt !== undefined && isUndisturbed && times > 1 && !instance.refusedAt.has(n)) {
        this.#report(`${instance.name} has prepared ${n} ${times} times`)
      }
    }
    const before = this.#before.get(instance)
    const isSame = model.document.revision === this.#document && before?.n === instance.pool?.n
    if (isSame && before !== undefined && before !== instance.pool) this.#report(`${instance.name} has another pool`)
  }

  #canServe(instance: SimulatedInstance): boolean {
    const { published } = this.#world
    return ![...published].slice(-3).some((n) => instance.refusedAt.has(n))
  }

  #report(violation: string): void {
    this.violations.push(`${this.#world.clock.monotonic()}: ${violation}`)
  }
}
