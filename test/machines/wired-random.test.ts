import { describe, expect } from 'vitest'
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import type { ReloadContext } from '../../machines/index.ts'
import type { Random } from '../support/random.ts'
import { contextOf as admissionContextOf } from './admission-moves.ts'
import { contextOf } from './reload-moves.ts'
import { demand } from './walk/ledger.ts'
import { testRandomWalks, type Walker, walkAtRandom } from './walk/random-walk.ts'
import { callOf, type Step, stateOf } from './walk/stepper.ts'
import { type Happening, type WiredMachines, wireMachines } from './wired-machines.ts'

/** The number of good answers that must bring both machines to rest. */
const HEALING_MOVES = 60

/** Counts what the walk has covered. */
interface Coverage {
  readonly states: Set<string>
  healed: number
  frozen: number
}

const isChange = ({ trigger, candidate }: Pick<ReloadContext, 'trigger' | 'candidate'>) =>
  candidate !== undefined && trigger !== 'restore' && trigger !== 'revert'

/** Notes the document that was tried last, and checks that a freeze stops every change. */
const createFreezeLedger = (coverage: Coverage) => {
  let tried: Candidate | undefined

  const checkCall = (src: unknown, input: unknown, context: ReloadContext) => {
    demand(src !== 'readDocument', 'a read began while changes were frozen')
    demand(src !== 'commitModules' || !isChange(context), 'a change was committed while changes were frozen')
    const isValidated = src === 'validateDocument' && isChange(input as ReloadContext)
    demand(!isValidated, 'a change was validated while changes were frozen')
  }

  return {
    get tried() {
      return tried?.revision
    },
    check: (before: AnyMachineSnapshot, event: AnyEventObject, { snapshot, effects }: Step, isFrozen: boolean) => {
      if (isFrozen && event.type === 'freeze.requested') coverage.frozen++
      for (const effect of effects) {
        const { type, params } = effect
        // An aborted document does not count as tried.
        if (type === 'finishTransaction' && /aborted|superseded/.test(String(params.outcome))) tried = undefined
        const call = callOf(effect)
        if (call === undefined) continue
        if (isFrozen) checkCall(call.src, call.input, contextOf(snapshot))
        const input = call.input as Pick<ReloadContext, 'trigger' | 'candidate'>
        if (call.src === 'validateDocument' && isChange(input)) tried = input.candidate
      }
      const { untried } = contextOf(snapshot)
      const isAtRest = stateOf(snapshot).startsWith('resting')
      demand(!isFrozen || !isAtRest || untried === undefined, 'a document is left untried while changes are frozen')
      demand(before.status === 'done' || snapshot.status !== 'error', 'a machine broke')
    },
  }
}

/** Walks through everything that may happen to the wired machines. */
const createWiredWalker = (random: Random, record: (title: string) => void, coverage: Coverage): Walker => {
  let ledger: ReturnType<typeof createFreezeLedger>
  let machines: WiredMachines

  const states = () => `${stateOf(machines.admission)}, ${stateOf(machines.reload)}`

  const take = ({ title, happen }: Happening) => {
    record(`${states()}: ${title}`)
    happen()
    coverage.states.add(states())
  }

  const takeNamed = (title: string) => {
    const named = machines.happenings().find((happening) => happening.title === title)
    if (named === undefined) throw new Error(`There is no happening with the title: ${title}`)
    take(named)
  }

  const pick = (): Happening => {
    if (random.chance(1 / 200)) return { title: 'a close is requested', happen: machines.close }
    const good = machines.goodAnswer()
    if (good !== undefined && random.chance(1 / 4)) return good
    const answers = machines.answers()
    return random.pick(answers.length > 0 && random.chance(1 / 2) ? answers : machines.happenings())
  }

  /** Plays what chance alone seldom brings: a document that only a reload has read, in a storm or before a freeze. */
  const readAhead = () => {
    if (random.chance(1 / 2)) takeNamed('the source changes ten times in a row')
    for (let moves = 0, next = machines.goodAnswer(); moves < HEALING_MOVES && next !== undefined; moves++) {
      take(next)
      next = machines.goodAnswer()
    }
    takeNamed(random.pick(['the source changes and delivers it late', 'the source is replaced by another']))
    takeNamed('a reload is requested')
    for (let moves = random.below(6); moves > 0; moves--) {
      const next = [machines.goodAnswer(), ...machines.timers()].filter((happening) => happening !== undefined)
      if (next.length > 0) take(random.pick(next))
    }
    if (random.chance(1 / 2)) takeNamed('changes are frozen')
  }

  /** Ends the changes and any freeze, after which the newest document must be the one tried last. */
  const heal = () => {
    if (random.chance(1 / 4)) readAhead()
    const isLate = random.chance(1 / 2)
    if (!isLate) take({ title: 'the source delivers its newest document', happen: machines.deliverNewest })
    if (machines.isFrozen()) take({ title: 'changes are unfrozen', happen: machines.unfreeze })
    if (isLate) take({ title: 'the source delivers its newest document, late', happen: machines.deliverNewest })
    for (let moves = 0; moves < HEALING_MOVES; moves++) {
      const next = machines.goodAnswer() ?? machines.timers()[0]
      if (next === undefined) break
      take(next)
    }
    if (machines.reload.status === 'done') return
    coverage.healed++
    const rest = [stateOf(machines.admission), stateOf(machines.reload).split('.')[0]].join()
    demand(rest === 'following.calm,resting', `good answers do not bring rest: ${rest}`)
    demand(admissionContextOf(machines.admission).gathered === 0, 'the source is calm, but a change is waiting')
    const { tried } = ledger
    const isNewest = tried?.lineage === machines.newest.lineage && tried.name === machines.newest.name
    demand(isNewest, `the source holds ${machines.newest.name}, but ${tried?.name} was tried last`)
  }

  return {
    begin: () => {
      ledger = createFreezeLedger(coverage)
      const input = { soaks: random.chance(1 / 2), confirms: random.chance(1 / 2), persists: random.chance(1 / 2) }
      machines = wireMachines(input, ledger.check)
    },
    isClosed: () => machines.reload.status === 'done',
    move: () => take(pick()),
    heal,
  }
}

describe('The admission and the reload machine, wired, on a random walk', () => {
  testRandomWalks('lose no document and keep every freeze', (seed) => {
    const coverage: Coverage = { states: new Set(), healed: 0, frozen: 0 }
    const { closed } = walkAtRandom(seed, 1 / 40, (random, record) => createWiredWalker(random, record, coverage))
    expect(coverage.states.size).toBeGreaterThan(40)
    expect(closed).toBeGreaterThan(100)
    expect(coverage.healed).toBeGreaterThan(1_000)
    expect(coverage.frozen).toBeGreaterThan(1_000)
  })
})
