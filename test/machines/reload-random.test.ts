import { describe, expect, it } from 'vitest'
import { reloadMachine } from '../../machines/index.ts'
import { keepReloadLedger } from './reload-ledger.ts'
import { keepProofLedger } from './reload-proof-ledger.ts'
import { goodReloadAnswer, reloadAnswers, reloadEvents } from './reload-moves.ts'
import type { Move } from './walk/explore.ts'
import { instrument, tookOf } from './walk/instrument.ts'
import { createRandom } from './walk/random.ts'
import { createStepper, type Step, stateOf } from './walk/stepper.ts'

const EVENTS = 100_000
/** Good answers after which the machine must be at rest, whatever it was doing and whatever waits. */
const HEALING = 30

/** One walk; the seed decides all of it. */
const walkReload = (seed: number) => {
  const random = createRandom(seed)
  const { machine, edges } = instrument(reloadMachine)
  const stepper = createStepper(machine)
  const ledger = keepReloadLedger()
  const proof = keepProofLedger()
  const taken = new Set<number>()
  const states = new Set<string>()
  const trail: string[] = []
  let events = 0
  let closed = 0

  const begin = () => {
    ledger.restart()
    proof.restart()
    trail.length = 0
    return stepper.initial({ soaks: random.oneIn(2), confirms: random.oneIn(2), persists: random.oneIn(2) })
  }
  let now: Step = begin()

  const take = (move: Move) => {
    const before = now.snapshot
    trail.push(`${stateOf(before)}: ${move.title}`)
    now = stepper.step(before, move.event)
    events++
    for (const edge of tookOf(now.effects)) taken.add(edge)
    states.add(stateOf(now.snapshot))
    ledger.keep(before, move, now)
    proof.keep(before, move, now)
  }

  const pick = (): Move => {
    // Late states are reached only where much goes well.
    const good = goodReloadAnswer(now.snapshot)
    if (good !== undefined && random.oneIn(4)) return good
    const answers = reloadAnswers(now.snapshot)
    // A close ends a machine's life: rare, so that lives are long.
    const happenings = reloadEvents(now.snapshot).filter(
      ({ title }) => title !== 'a close is requested' || random.oneIn(20),
    )
    return answers.length > 0 && random.oneIn(2) ? random.pick(answers) : random.pick(happenings)
  }

  const heal = () => {
    for (let moves = 0; moves < HEALING; moves++) {
      const good = goodReloadAnswer(now.snapshot)
      if (good === undefined) return
      take(good)
    }
    throw new Error(`good answers do not bring it to rest from ${stateOf(now.snapshot)}`)
  }

  try {
    while (events < EVENTS) {
      if (now.snapshot.status === 'done') {
        closed++
        now = begin()
      }
      take(pick())
      if (random.oneIn(50)) heal()
    }
    heal()
  } catch (error) {
    throw new Error(`seed ${seed}, event ${events}, after:\n  ${trail.slice(-20).join('\n  ')}`, { cause: error })
  }
  return { ...ledger.summary(), closed, states: states.size, untaken: edges.filter(({ index }) => !taken.has(index)) }
}

describe('The reload machine, on a random walk', () => {
  const fixed = [1]
  const fresh = Number(process.env.WALK_SEED ?? Date.now() % 2 ** 31)
  // One walk is enough where every change is judged; on a developer's machine each day has its own too.
  for (const seed of process.env.CI ? fixed : [...fixed, fresh]) {
    it(`keeps its promises through ${EVENTS} events (seed ${seed === fresh ? 'of the day, or WALK_SEED' : seed})`, () => {
      const { untaken, ...counts } = walkReload(seed)
      // Chance may leave a rare transition out; the seed that is always walked leaves none.
      if (seed === 1) expect(untaken.map(({ title }) => title)).toEqual([])
      expect(counts.states).toBe(17)
      expect(counts.closed).toBeGreaterThan(100)
      expect(counts.transactions).toBeGreaterThan(5_000)
    }, 180_000)
  }
})
