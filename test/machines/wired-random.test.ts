import { describe, expect, it } from 'vitest'
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import type { ReloadContext } from '../../machines/index.ts'
import { contextOf as admissionContextOf } from './admission-moves.ts'
import { demand } from './reload-ledger.ts'
import { contextOf } from './reload-moves.ts'
import { createRandom } from './walk/random.ts'
import { type Step, stateOf } from './walk/stepper.ts'
import { createWorld, type Happening, type World, wiredMachines } from './wired-world.ts'

const EVENTS = 100_000
/** Good answers after which both machines must be at rest, whatever they were doing. */
const HEALING = 60

/** Writes down what was tried, and holds the machines to a freeze. */
const keepFreezeLedger = () => {
  let tried: Candidate | undefined
  let held = 0
  const isHeld = ({ trigger, candidate }: Pick<ReloadContext, 'trigger' | 'candidate'>) =>
    candidate !== undefined && trigger !== 'restore' && trigger !== 'revert'

  return {
    get tried() {
      return tried?.revision
    },
    get held() {
      return held
    },
    keep: (before: AnyMachineSnapshot, event: AnyEventObject, { snapshot, effects }: Step, isFrozen: boolean) => {
      if (isFrozen && event.type === 'freeze.requested') held++
      for (const { type, params } of effects) {
        // What was given up half-way has not been tried.
        if (type === 'finishTransaction' && /aborted|superseded/.test(String(params.outcome))) tried = undefined
        if (type !== 'xstate.spawnChild') continue
        const src = String(params.src)
        demand(!isFrozen || src !== 'readDocument', 'a read began while changes were frozen')
        if (src === 'commitModules') {
          demand(!isFrozen || !isHeld(contextOf(snapshot)), 'a change went over the tick while changes were frozen')
        }
        if (src !== 'validateDocument') continue
        const input = params.input as Pick<ReloadContext, 'trigger' | 'candidate'>
        demand(!isFrozen || !isHeld(input), `a ${input.trigger} of a held document began while changes were frozen`)
        if (isHeld(input)) tried = input.candidate
      }
      const { untried } = contextOf(snapshot)
      const isAtRest = stateOf(snapshot).startsWith('resting')
      demand(!isFrozen || !isAtRest || untried === undefined, 'something is left to be tried while changes are frozen')
      demand(before.status === 'done' || snapshot.status !== 'error', 'a machine broke')
    },
  }
}

const walkWired = (seed: number) => {
  const random = createRandom(seed)
  const machines = wiredMachines()
  const trail: string[] = []
  const states = new Set<string>()
  let [events, closed, healed, held] = [0, 0, 0, 0]
  let ledger = keepFreezeLedger()

  const begin = (): World => {
    held += ledger.held
    ledger = keepFreezeLedger()
    trail.length = 0
    const input = { soaks: random.oneIn(2), confirms: random.oneIn(2), persists: random.oneIn(2) }
    return createWorld(machines, input, (...step) => ledger.keep(...step))
  }
  let world = begin()

  const take = ({ title, happen }: Happening) => {
    trail.push(`${stateOf(world.admission)}, ${stateOf(world.reload)}: ${title}`)
    happen()
    events++
    states.add(`${stateOf(world.admission)}, ${stateOf(world.reload)}`)
  }

  const pick = (): Happening => {
    if (random.oneIn(200)) return { title: 'a close is requested', happen: world.close }
    const good = world.goodAnswer()
    if (good !== undefined && random.oneIn(4)) return good
    const answers = world.answers()
    return answers.length > 0 && random.oneIn(2) ? random.pick(answers) : random.pick(world.happenings())
  }

  const takeNamed = (title: string) => {
    const named = world.happenings().find((happening) => happening.title === title)
    if (named === undefined) throw new Error(`nothing is called: ${title}`)
    take(named)
  }

  /** What chance alone seldom brings: a document that only a reload has read, perhaps in a storm, perhaps given up. */
  const readAhead = () => {
    if (random.oneIn(2)) takeNamed('the source changes ten times in a row')
    for (let moves = 0, next = world.goodAnswer(); moves < HEALING && next !== undefined; moves++) {
      take(next)
      next = world.goodAnswer()
    }
    takeNamed(random.pick(['the source changes, and tells it late', 'the source is replaced by another']))
    takeNamed('a reload is requested')
    for (let moves = random.below(6); moves > 0; moves--) {
      const next = [world.goodAnswer(), ...world.timers()].filter((happening) => happening !== undefined)
      if (next.length > 0) take(random.pick(next))
    }
    if (random.oneIn(2)) takeNamed('changes are frozen')
  }

  /** Changes end, and nothing is frozen any more: the newest document must be the one tried last. */
  const heal = () => {
    if (random.oneIn(4)) readAhead()
    const isUntold = random.oneIn(2)
    if (!isUntold) take({ title: 'the source tells its newest', happen: world.tellNewest })
    if (world.isFrozen()) take({ title: 'changes are let through again', happen: world.unfreeze })
    if (isUntold) take({ title: 'the source tells its newest, late', happen: world.tellNewest })
    for (let moves = 0; moves < HEALING; moves++) {
      const next = world.goodAnswer() ?? world.timers()[0]
      if (next === undefined) break
      take(next)
    }
    if (world.reload.status === 'done') return
    healed++
    const rests = [stateOf(world.admission), stateOf(world.reload).split('.')[0]]
    demand(rests.join() === 'following.calm,resting', `good answers do not bring rest: ${rests.join()}`)
    demand(admissionContextOf(world.admission).gathered === 0, 'it is calm and something waits')
    const { tried } = ledger
    const isNewest = tried?.lineage === world.newest.lineage && tried.name === world.newest.name
    demand(isNewest, `the source holds ${world.newest.name}; the last one tried is ${tried?.name}`)
  }

  try {
    while (events < EVENTS) {
      if (world.reload.status === 'done') {
        closed++
        world = begin()
      }
      take(pick())
      if (random.oneIn(40)) heal()
    }
  } catch (error) {
    throw new Error(`seed ${seed}, event ${events}, after:\n  ${trail.slice(-30).join('\n  ')}`, { cause: error })
  }
  return { closed, healed, held, states: states.size }
}

describe('The admission and the reload machine, wired, on a random walk', () => {
  const fresh = Number(process.env.WALK_SEED ?? Date.now() % 2 ** 31)
  // One walk is enough where every change is judged; on a developer's machine each day has its own too.
  for (const seed of process.env.CI ? [1] : [1, fresh]) {
    it(`lose no document and hold every freeze through ${EVENTS} events (seed ${seed === fresh ? 'of the day, or WALK_SEED' : seed})`, () => {
      const counts = walkWired(seed)
      expect(counts.states).toBeGreaterThan(50)
      expect(counts.closed).toBeGreaterThan(100)
      expect(counts.healed).toBeGreaterThan(1_000)
      expect(counts.held).toBeGreaterThan(1_000)
    }, 180_000)
  }
})
