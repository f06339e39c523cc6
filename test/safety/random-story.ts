import type { Random } from '../support/random.ts'
import type { Process } from './process.ts'
import { kindOf, reactionOf, settingsOf } from './random-documents.ts'
import { createWorld, documentOf } from './world.ts'

/** What happened in all histories: what never did has shown nothing. */
export const createTally = () => ({ boots: 0, deaths: 0, restored: 0, reverts: 0, words: 0, quarantined: 0, healed: 0 })
export type Tally = ReturnType<typeof createTally>

/** One world of documents, deaths, orders and disks, and all that must hold in it at every moment. */
export const createStory = (seed: number, random: Random, tally: Tally) => {
  const settings = settingsOf(random)
  /** In half of the histories the store never fails: then no death may go uncounted. */
  const isStoreReliable = random.chance(0.5)
  let last = 0
  /** A value that was never used, of the kind of its last digit. */
  const fresh = (digit: number): number => ++last * 10 + digit
  const first = fresh(random.below(5))
  const world = createWorld({ document: documentOf(first), boot: settings })
  const trail: string[] = []
  /** Values that somebody has confirmed, or that had nothing before them. */
  const mayBeGood = new Set<number>()
  const deaths = new Map<number, number>()
  let isReadable = true

  const fail = (what: string): never => {
    throw new Error(`${what} (seed ${seed}), after:\n  ${trail.slice(-40).join('\n  ')}`)
  }

  /** What the store holds as good, newest first. */
  const kept = (): number[] => world.kept.goods.map(({ text }) => (JSON.parse(text) as { value: number }).value)

  const die = (process: Process, value: number): void => {
    if (process.isOver) return
    trail.push(`dies of ${value}`)
    tally.deaths += 1
    process.kill()
    if (!isStoreReliable || kept().length === 0) return
    const times = (deaths.get(value) ?? 0) + 1
    deaths.set(value, times)
    if (times > (settings.maxAttempts ?? 3)) fail(`${value} kills the process ${times} times`)
  }

  /** What holds at every moment of a process that lives. */
  const look = (process: Process): void => {
    if (process.isOver || process.state === 'closed') return
    const { served } = process // throws where a mix serves
    const { goodHistory: history, lastKnownGood, quarantine } = process.reloader.status()
    tally.quarantined += quarantine.length
    const digests = new Set(history.map(({ digest }) => digest))
    if (history.length > 3 || digests.size !== history.length) fail('the history is too long, or holds a config twice')
    if (lastKnownGood !== undefined && process.state !== 'promoting' && history[0]?.digest !== lastKnownGood.digest) {
      fail('the last known good is not the newest of the history')
    }
    if (served !== undefined && /refused|unpreparable|early/.test(kindOf(served))) fail(`${served} serves`)
    for (const value of kept()) {
      if (kindOf(value) !== 'good') fail(`${value} is kept as good`)
      if (settings.confirm !== undefined && !mayBeGood.has(value)) fail(`${value} is kept, and nobody has confirmed it`)
    }
  }

  /** Starts a process, which may die of it or be refused; what serves first was proved, where anything was. */
  const boot = async (): Promise<Process> => {
    const before = isReadable ? kept() : []
    const { frozen } = world.kept.journal ?? {}
    const process = world.boot()
    tally.boots += 1
    trail.push(`boots with ${before.join() || 'nothing kept'}`)
    process.react(reactionOf(process, (value) => die(process, value)))
    let servedFirst: number | undefined
    process.reloader.subscribe(
      ({ value }) => value,
      (next) => {
        if (next === undefined) return
        servedFirst ??= next
        if (before.length === 0 && process.reloader.status().lastKnownGood === undefined) mayBeGood.add(next)
      },
    )
    try {
      await process.start(700)
    } catch {
      trail.push('start rejects')
      await process.close()
      return process
    }
    if (before.length === 0) return process
    tally.restored += 1
    const isReverting = frozen?.revertTo !== undefined
    if (servedFirst === undefined || !before.includes(servedFirst)) fail(`${servedFirst} serves after a boot`)
    if (!isReverting && servedFirst !== before[0]) fail(`${servedFirst} serves after a boot, which is not the newest`)
    look(process)
    return process
  }

  /** Says yes to what waits for it. */
  const confirm = (process: Process): void => {
    const { confirmation } = process.reloader.status()
    if (confirmation === undefined || process.served === undefined) return
    mayBeGood.add(process.served)
    tally.words += 1
    process.reloader.confirm(confirmation.transaction).catch(() => {})
  }

  return {
    world,
    trail,
    tally,
    fresh,
    kept,
    fail,
    look,
    boot,
    confirm,
    /** Values that may be published once more. */
    get used(): number[] {
      return [first, ...kept(), ...deaths.keys()]
    },
    spoilStore: (): void => {
      if (isStoreReliable) return
      world.kept.save(random.pick(['well', 'throws', 'rejects', 'hangs']))
      isReadable = !random.chance(0.2)
      world.kept.load(isReadable ? 'well' : 'throws')
    },
    heal: (): void => {
      isReadable = true
      world.source.heal()
      world.kept.save('well')
      world.kept.load('well')
      world.kept.release()
    },
  }
}

export type Story = ReturnType<typeof createStory>
