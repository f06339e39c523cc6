import { it } from 'vitest'
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { createRandom, type Random } from '../../support/random.ts'
import { instrument, tookOf } from './instrument.ts'
import { demand, type Ledger } from './ledger.ts'
import type { Move } from './moves.ts'
import { createStepper, type Step, stateOf } from './stepper.ts'

const EVENTS = 100_000

/** What a random walk plays. */
export interface Walker {
  /** Begins with new machines. */
  readonly begin: () => void
  readonly isClosed: () => boolean
  /** Takes one random move. */
  readonly move: () => void
  /** Takes only good moves, and throws if they do not bring the machines to rest. */
  readonly heal: () => void
}

/** Walks by the seed until `EVENTS` moves are recorded; a failure names the seed and the last moves. */
export const walkAtRandom = (
  seed: number,
  healProbability: number,
  createWalker: (random: Random, record: (title: string) => void) => Walker,
): { readonly closed: number } => {
  const random = createRandom(seed)
  let trail: string[] = []
  let [events, closed] = [0, 0]
  const walker = createWalker(random, (title) => {
    trail.push(title)
    events++
  })
  walker.begin()
  try {
    while (events < EVENTS) {
      if (walker.isClosed()) {
        closed++
        trail = []
        walker.begin()
      }
      walker.move()
      if (random.chance(healProbability)) walker.heal()
    }
    walker.heal()
  } catch (error) {
    throw new Error(`seed ${seed}, event ${events}, after:\n  ${trail.slice(-30).join('\n  ')}`, { cause: error })
  }
  return { closed }
}

export interface MachineWalk {
  readonly machine: AnyStateMachine
  readonly inputOf: (random: Random) => object | undefined
  readonly pickMove: (snapshot: AnyMachineSnapshot, random: Random) => Move
  /** Returns the next move with which all goes well; undefined at rest. */
  readonly goodMove: (snapshot: AnyMachineSnapshot) => Move | undefined
  /** The number of good moves that must suffice to bring the machine to rest. */
  readonly healingMoves: number
  readonly isHealed: (snapshot: AnyMachineSnapshot) => boolean
  readonly ledgers: readonly Ledger[]
}

/** Walks one machine at random, with every step checked by the ledgers. */
export const walkMachine = (seed: number, walk: MachineWalk) => {
  const { machine, edges } = instrument(walk.machine)
  const stepper = createStepper(machine)
  const taken = new Set<number>()
  const states = new Set<string>()
  const { closed } = walkAtRandom(seed, 1 / 50, (random, record) => {
    let now: Step

    const take = (move: Move) => {
      const before = now.snapshot
      record(`${stateOf(before)}: ${move.title}`)
      now = stepper.step(before, move.event)
      for (const edge of tookOf(now.effects)) taken.add(edge)
      states.add(stateOf(now.snapshot))
      for (const ledger of walk.ledgers) ledger.check(before, move, now)
    }

    return {
      begin: () => {
        for (const ledger of walk.ledgers) ledger.restart()
        now = stepper.initial(walk.inputOf(random))
      },
      isClosed: () => now.snapshot.status === 'done',
      move: () => take(walk.pickMove(now.snapshot, random)),
      heal: () => {
        for (let moves = 0; moves < walk.healingMoves; moves++) {
          const good = walk.goodMove(now.snapshot)
          if (good === undefined) break
          take(good)
        }
        const isHealed = now.snapshot.status === 'done' || walk.isHealed(now.snapshot)
        demand(isHealed, `good moves do not bring it to rest from ${stateOf(now.snapshot)}`)
      },
    }
  })
  const untaken = edges.filter(({ index }) => !taken.has(index)).map(({ title }) => title)
  return { closed, states: states.size, untaken }
}

/** The random walks with this seed take every transition. */
const FIXED_SEED = 3

/** Registers a test for the fixed seed, and on a developer's machine one for a seed that differs each time. */
export const testRandomWalks = (title: string, test: (seed: number, isFixed: boolean) => void): void => {
  it(`${title} through ${EVENTS} events (seed ${FIXED_SEED})`, () => test(FIXED_SEED, true), 180_000)
  if (process.env.CI) return
  const seed = Number(process.env.WALK_SEED ?? Date.now() % 2 ** 31)
  it(`${title} through ${EVENTS} events (seed of the day, or WALK_SEED)`, () => test(seed, false), 180_000)
}
