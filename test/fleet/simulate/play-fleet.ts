import { seededRandom } from '../../../src/testing/fakes/seeded-random.ts'
import { FleetChecks } from './fleet-checks.ts'
import { FleetWorld, type PlayedRollout, TTL_MS } from './fleet-world.ts'
import type { SimulatedInstance, Temper } from './simulated-instance.ts'

const INSTANCES = 5
/** Histories that are played one after the other by the same fleet. */
const HISTORIES = 20
const TICK_MS = 200
/** How long after a history everything has come to rest. */
const REST_MS = 2 * TTL_MS

/** What became of the histories of one fleet. */
export interface FleetRun {
  readonly histories: number
  readonly violations: readonly string[]
  /** What has happened, to tell two runs apart. */
  readonly trace: readonly string[]
}

/** How a candidate fails, and where. */
interface Defect {
  readonly n: number
  readonly instance: string
  readonly fromMs: number
  readonly kind: 'refused' | 'unsound'
}

/** Plays rollouts of one fleet, each with random faults, and checks what instances serve all the time. */
export const playFleet = async (seed: number, most = HISTORIES): Promise<FleetRun> => {
  const random = seededRandom(seed)
  const fleet = new PlayedFleet(random)
  await fleet.start()
  let histories = 0
  while (histories < most && fleet.checks.violations.length === 0) {
    histories += 1
    await fleet.playOne()
  }
  await fleet.world.close()
  return { histories, violations: fleet.checks.violations, trace: fleet.trace }
}

class PlayedFleet {
  readonly world: FleetWorld
  readonly checks: FleetChecks
  readonly trace: string[] = []
  readonly #random: () => number
  #defects: Defect[] = []
  #names = 0

  constructor(random: () => number) {
    this.#random = random
    this.world = new FleetWorld(random)
    this.checks = new FleetChecks(this.world)
  }

  async start(): Promise<void> {
    this.world.publish()
    for (let count = 0; count < INSTANCES; count += 1) await this.#add()
    await this.world.clock.advance(1_500)
  }

  /** One rollout, and what goes wrong meanwhile. */
  async playOne(): Promise<void> {
    const { world, checks } = this
    this.#defects = []
    const rollout = this.#roll()
    checks.begin()
    const events = Array.from({ length: this.#upTo(5) }, () => ({
      atMs: this.#upTo(7_000),
      play: this.#event(rollout),
    }))
    const from = world.clock.monotonic()
    for (const { atMs, play } of events.toSorted((a, b) => a.atMs - b.atMs)) {
      await this.#advance(from + atMs - world.clock.monotonic())
      await play()
    }
    const limit = world.clock.monotonic() + 40_000
    while (world.rollouts.some(({ result }) => result === undefined) && world.clock.monotonic() < limit) {
      await this.#advance(TICK_MS)
    }
    if (this.#random() < 0.3) await this.#advance(this.#upTo(3 * TTL_MS))
    for (const instance of world.live) instance.heal()
    while (world.live.length < INSTANCES) await this.#add()
    await this.#advance(REST_MS)
    checks.end()
    this.trace.push(`${rollout.id} ${rollout.result} ${world.live.map(({ pool }) => pool?.n).join(',')}`)
    world.rollouts.length = 0
  }

  async #advance(ms: number): Promise<void> {
    const { clock } = this.world
    const until = clock.monotonic() + ms
    while (clock.monotonic() < until) {
      await clock.advance(Math.min(TICK_MS, until - clock.monotonic()))
      this.checks.tick()
    }
  }

  #roll(): PlayedRollout {
    const { world } = this
    const n = world.next()
    if (this.#random() < 0.3) this.#spoil(n)
    const all = (count: number): number => count
    const half = (count: number): number => Math.ceil(count / 2)
    const steps = this.#pick([[() => 1], [() => 1, half], [() => 2, all], [all]])
    const delayMs = this.#pick([() => 0, () => 0, () => this.#upTo(150)])
    const pauseMs = this.#random() < 0.2 ? this.#upTo(4_000) : 0
    const rollout = world.roll(n, { steps, holdMs: this.#upTo(1_500), timeoutMs: 6_000, pauseMs, delayMs })
    this.trace.push(`${rollout.id}: ${n}`)
    return rollout
  }

  /** Makes a candidate fail somewhere. */
  #spoil(n: number): void {
    const instance = this.#pick(this.world.live).name
    const kind = this.#pick(['refused', 'unsound'] as const)
    const fromMs = this.world.clock.monotonic() + (kind === 'refused' ? 0 : this.#upTo(3_000))
    this.#defects.push({ n, instance, kind, fromMs })
  }

  #add(): Promise<SimulatedInstance> {
    this.#names += 1
    const name = `i${this.#names}`
    const has = (n: number, kind: Defect['kind']): boolean =>
      this.#defects.some((defect) => {
        const isDue = defect.fromMs <= this.world.clock.monotonic()
        return defect.n === n && defect.instance === name && defect.kind === kind && isDue
      })
    const temper: Temper = { refuses: (n) => has(n, 'refused'), isUnsound: (n) => has(n, 'unsound') }
    return this.world.add(temper)
  }

  /** Something that happens during the rollout. */
  #event(rollout: PlayedRollout): () => unknown {
    const { world } = this
    const { model, clock } = world
    const some = (): SimulatedInstance => this.#pick(world.live)
    const cutMs = this.#upTo(12_000)
    const cut = (mode: 'down' | 'silent') => () => {
      const instance = some()
      instance.cut(mode)
      clock.setTimeout(() => instance.heal(), cutMs)
    }
    const cutDriver = (mode: 'down' | 'silent') => () => {
      model.set(rollout.link, mode)
      clock.setTimeout(() => {
        if (!rollout.stopped.signal.aborted) model.set(rollout.link, 'up')
      }, cutMs / 3)
    }
    const events: readonly (readonly [name: string, play: () => unknown])[] = [
      ['kill', () => world.kill(rollout)],
      ['kill', () => world.kill(rollout)],
      ['interrupt', () => world.interrupt(rollout)],
      ['cut', cut('down')],
      ['cut', cut('down')],
      ['silence', cut('silent')],
      ['silence', cut('silent')],
      ['cut driver', cutDriver('down')],
      ['silence driver', cutDriver('silent')],
      ['late leases', () => model.prolongLeases()],
      ['slow', () => this.#slow(some())],
      ['abort', () => void world.abort().catch(() => {})],
      ['publish', () => void world.publish()],
      ['second', () => void this.#roll()],
      [
        'restart',
        () => {
          void some().stop(false)
          return this.#add()
        },
      ],
      ['crash', () => void some().stop(true)],
      ['grow', () => this.#add()],
    ]
    const [name, play] = this.#pick(events)
    return () => {
      this.trace.push(`${world.clock.monotonic()} ${name}`)
      return world.live.length > 1 || name !== 'crash' ? play() : undefined
    }
  }

  /** Its questions and answers take longer for a while, and may overtake each other. */
  #slow(instance: SimulatedInstance): void {
    instance.link.delayMs = () => this.#upTo(300)
    instance.upSince = undefined
    this.world.clock.setTimeout(() => {
      instance.link.delayMs = () => 0
      if (instance.link.mode === 'up') instance.upSince = this.world.clock.monotonic()
    }, 5_000)
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#upTo(items.length)] as T
  }
}
