import type { Random } from '../support/random.ts'
import type { Process } from './process.ts'
import { createStory, type Story, type Tally } from './random-story.ts'
import { documentOf } from './deployment.ts'

const STEPS = 40

const quiet = (call: Promise<unknown>): void => {
  call.catch(() => {})
}

/** Lists what may happen to a process; entries that appear twice happen twice as often. */
const movesOf = (story: Story, random: Random) => {
  const { deployment, fresh, confirm } = story
  const good = (): unknown => deployment.source.put(documentOf(fresh(random.below(5))))
  const bad = (): unknown => deployment.source.put(documentOf(fresh(5 + random.below(5))))
  const malformed = (): unknown => deployment.source.put('{')
  const again = (): void => {
    const more = random.chance(0.2) ? { note: 'other' } : {}
    deployment.source.put(documentOf(random.pick(story.used), more))
  }
  const wait = (process: Process) => process.advance(random.pick([0, 1, 100, 400, 999, 1_000, 3_000, 10_000]))
  const kill = async (process: Process): Promise<void> => {
    for (let turns = random.below(30); turns > 0; turns--) await Promise.resolve()
    process.kill()
  }
  const close = (process: Process) => process.close()
  const freeze = ({ reloader }: Process): void => quiet(reloader.freeze('x'))
  const unfreeze = ({ reloader }: Process): void => quiet(reloader.unfreeze())
  const revert = ({ reloader }: Process): void => {
    const { goodHistory } = reloader.status()
    if (goodHistory.length < 2) return
    story.tally.reverts += 1
    quiet(reloader.revert({ to: random.pick(goodHistory).digest }))
  }
  const retry = ({ reloader }: Process): void => quiet(reloader.retry())
  const reload = ({ reloader }: Process): void => quiet(reloader.reload())
  const cut = (): void => deployment.cutSource()
  const heal = (): void => deployment.source.heal()
  const store = (): void => story.spoilStore()
  const changes = { good, bad, malformed, again, cut, heal, store }
  const commands = { wait, kill, close, freeze, unfreeze, revert, confirm, retry, reload }
  const often = { wait2: wait, wait3: wait, wait4: wait, good2: good, good3: good, confirm2: confirm, heal2: heal }
  const moves: Record<string, (process: Process) => unknown> = { ...changes, ...commands, ...often, wait5: wait }
  return Object.entries(moves)
}

/** Takes one step, and checks that while changes are frozen what serves stays the same as time passes. */
const step = async (story: Story, process: Process, random: Random): Promise<void> => {
  const [name, move] = random.pick(movesOf(story, random))
  story.trail.push(`${name} at ${process.state}`)
  const isAtRest = /^(committed|rejected|rolled-back)$/.test(process.state)
  const isStill = isAtRest && process.reloader.status().frozen !== undefined && name.startsWith('wait')
  const before = isStill ? process.served : undefined
  await move(process)
  if (process.isOver) return
  await process.advance(0)
  story.check(process)
  if (isStill && !process.isOver && process.served !== before) {
    story.fail(`${process.served} serves although changes are frozen at ${before}`)
  }
}

/** Repairs everything, after which a new good document must serve and be stored. */
const healAll = async (story: Story, living: Process): Promise<void> => {
  let process = living
  story.trail.push('everything is repaired')
  story.heal()
  for (let tries = 0; tries < 10 && process.isOver; tries++) {
    story.deployment.source.put(documentOf(story.fresh(0)))
    process = await story.boot()
  }
  const value = story.fresh(0)
  story.deployment.source.put(documentOf(value))
  quiet(process.reloader.unfreeze())
  quiet(process.reloader.release())
  for (let spent = 0; spent < 120_000 && story.goodValues()[0] !== value; spent += 500) {
    if (process.isOver) process = await story.boot()
    await process.advance(500)
    if (!process.isOver) story.confirm(process)
    story.check(process)
  }
  if (process.isOver || process.served !== value) story.fail(`${value} does not serve in the end`)
  if (story.goodValues()[0] !== value) story.fail(`${value} is not stored in the end`)
  await process.close()
  story.tally.healed += 1
}

/** Plays a whole history, which depends on the seed alone. */
export const playStory = async (seed: number, random: Random, tally: Tally): Promise<void> => {
  const story = createStory(seed, random, tally)
  let process = await story.boot()
  for (let steps = 0; steps < STEPS; steps++) {
    if (!process.isOver && process.state === 'closed') await process.close() // the start was rejected
    if (process.isOver) process = await story.boot()
    if (!process.isOver) await step(story, process, random)
    else {
      // It cannot start in this situation.
      story.deployment.source.heal()
      story.deployment.source.put(documentOf(story.fresh(0)))
    }
  }
  await healAll(story, process)
}
