import type { Random } from '../support/random.ts'
import type { Process } from './process.ts'
import { createStory, type Story, type Tally } from './random-story.ts'
import { documentOf } from './world.ts'

const STEPS = 40

const quiet = (call: Promise<unknown>): void => {
  call.catch(() => {})
}

/** What may happen to a process; what is named twice happens twice as often. */
const movesOf = (story: Story, random: Random) => {
  const { world, fresh, confirm } = story
  const good = (): unknown => world.source.put(documentOf(fresh(random.below(5))))
  const bad = (): unknown => world.source.put(documentOf(fresh(5 + random.below(5))))
  const malformed = (): unknown => world.source.put('{')
  const again = (): void => {
    const [value = 0, ...others] = story.used
    const more = random.chance(0.2) ? { note: 'other' } : {}
    world.source.put(documentOf(random.pick([value, ...others]), more))
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
    const [newest, ...others] = reloader.status().goodHistory
    if (newest === undefined || others.length === 0) return
    story.tally.reverts += 1
    quiet(reloader.revert({ to: random.pick([newest, ...others]).digest }))
  }
  const retry = ({ reloader }: Process): void => quiet(reloader.retry())
  const reload = ({ reloader }: Process): void => quiet(reloader.reload())
  const cut = (): void => world.cutSource()
  const heal = (): void => world.source.heal()
  const store = (): void => story.spoilStore()
  const changes = { good, bad, malformed, again, cut, heal, store }
  const orders = { wait, kill, close, freeze, unfreeze, revert, confirm, retry, reload }
  const often = { wait2: wait, wait3: wait, wait4: wait, good2: good, good3: good, confirm2: confirm, heal2: heal }
  const moves: Record<string, (process: Process) => unknown> = { ...changes, ...orders, ...often, wait5: wait }
  return Object.entries(moves)
}

/** One step; changes that are frozen change nothing that serves while time passes. */
const step = async (story: Story, process: Process, random: Random): Promise<void> => {
  const [first, ...others] = movesOf(story, random)
  if (first === undefined) return
  const [name, move] = random.pick([first, ...others])
  story.trail.push(`${name} at ${process.state}`)
  const isAtRest = /^(committed|rejected|rolled-back)$/.test(process.state)
  const isHeld = isAtRest && process.reloader.status().frozen !== undefined && name.startsWith('wait')
  const before = isHeld ? process.served : undefined
  await move(process)
  if (process.isOver) return
  await process.advance(0)
  story.look(process)
  if (isHeld && !process.isOver && process.served !== before) {
    story.fail(`${process.served} serves though changes are frozen at ${before}`)
  }
}

/** All is well again: a document that is new and good serves in the end, and is kept. */
const healAll = async (story: Story, living: Process): Promise<void> => {
  let process = living
  story.trail.push('all is well')
  story.heal()
  for (let tries = 0; tries < 10 && process.isOver; tries++) {
    story.world.source.put(documentOf(story.fresh(0)))
    process = await story.boot()
  }
  const value = story.fresh(0)
  story.world.source.put(documentOf(value))
  quiet(process.reloader.unfreeze())
  quiet(process.reloader.release())
  for (let spent = 0; spent < 120_000 && story.kept()[0] !== value; spent += 500) {
    if (process.isOver) process = await story.boot()
    await process.advance(500)
    if (!process.isOver) story.confirm(process)
    story.look(process)
  }
  if (process.isOver || process.served !== value) story.fail(`${value} does not serve in the end`)
  if (story.kept()[0] !== value) story.fail(`${value} is not kept in the end`)
  await process.close()
  story.tally.healed += 1
}

/** Plays a whole history; the seed decides all of it. */
export const playStory = async (seed: number, random: Random, tally: Tally): Promise<void> => {
  const story = createStory(seed, random, tally)
  let process = await story.boot()
  for (let steps = 0; steps < STEPS; steps++) {
    if (!process.isOver && process.state === 'closed') await process.close() // its start was refused
    if (process.isOver) process = await story.boot()
    if (!process.isOver) await step(story, process, random)
    else {
      // It does not start as things are.
      story.world.source.heal()
      story.world.source.put(documentOf(story.fresh(0)))
    }
  }
  await healAll(story, process)
}
