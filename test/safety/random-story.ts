import type { Random } from '../support/random.ts'
import type { Process } from './process.ts'
import { kindOf, reactionOf, settingsOf } from './random-documents.ts'
import { createDeployment, documentOf } from './deployment.ts'

/** Counts what happened in all histories; whatever never happened was not tested. */
export const createTally = () => ({
  boots: 0,
  deaths: 0,
  restored: 0,
  reverts: 0,
  confirmed: 0,
  quarantined: 0,
  healed: 0,
})
export type Tally = ReturnType<typeof createTally>

/** Creates one history of documents, crashes, commands and disk faults, with everything that must always hold. */
export const createStory = (seed: number, random: Random, tally: Tally) => {
  const settings = settingsOf(random)
  /** In half of the histories the store never fails; there, no crash may go uncounted. */
  const isStoreReliable = random.chance(0.5)
  let last = 0
  /** Makes a value that was never used, with this last digit. */
  const fresh = (digit: number): number => ++last * 10 + digit
  const first = fresh(random.below(5))
  const deployment = createDeployment({ document: documentOf(first), boot: settings })
  const trail: string[] = []
  /** The values that were confirmed, or that had no predecessor. */
  const mayBeGood = new Set<number>()
  const deaths = new Map<number, number>()
  let isReadable = true
  /** Where the last death was, in the trail and in the records. */
  let deathAt = { step: 0, records: 0 }

  const fail = (what: string): never => {
    throw new Error(`${what} (seed ${seed}), after:\n  ${trail.slice(-40).join('\n  ')}`)
  }

  /** The values of the good documents in the store, newest first. */
  const goodValues = (): number[] =>
    deployment.store.goodHistory.map(({ text }) => (JSON.parse(text) as { value: number }).value)

  const die = (process: Process, value: number): void => {
    if (process.isOver) return
    trail.push(`dies of ${value}`)
    tally.deaths += 1
    process.kill()
    if (!isStoreReliable || goodValues().length === 0) return
    const { maxAttempts = 3 } = settings
    const isExcused = mayTryAgain()
    deathAt = { step: trail.length, records: recordsSoFar().length }
    const times = (deaths.get(value) ?? 0) + 1
    deaths.set(value, isExcused ? Math.min(times, maxAttempts) : times)
    if (times > maxAttempts && !isExcused) fail(`${value} kills the process ${times} times`)
  }

  const recordsSoFar = () => deployment.processes.flatMap(({ records }) => records)

  /** A config that is quarantined is tried again when another one has committed, or when an operator wants it. */
  const mayTryAgain = (): boolean => {
    const hasCommitted = recordsSoFar()
      .slice(deathAt.records)
      .some(({ outcome, trigger }) => outcome === 'committed' && trigger !== 'restore')
    return hasCommitted || trail.slice(deathAt.step).some((line) => /^(?:reload|retry) at/.test(line))
  }

  /** Checks what must hold at every moment of a live process. */
  const check = (process: Process): void => {
    if (process.isOver || process.state === 'closed') return
    const { served } = process // throws if a mix serves
    const { goodHistory, lastKnownGood, quarantine } = process.reloader.status()
    tally.quarantined += quarantine.length
    const digests = new Set(goodHistory.map(({ digest }) => digest))
    if (goodHistory.length > 3 || digests.size !== goodHistory.length)
      fail('the history is too long, or holds a config twice')
    if (
      lastKnownGood !== undefined &&
      process.state !== 'promoting' &&
      goodHistory[0]?.digest !== lastKnownGood.digest
    ) {
      fail('the last known good is not the newest of the history')
    }
    if (served !== undefined && /refused|unpreparable|early/.test(kindOf(served))) fail(`${served} serves`)
    for (const value of goodValues()) {
      if (kindOf(value) !== 'good') fail(`${value} is stored as good`)
      if (settings.confirm !== undefined && !mayBeGood.has(value))
        fail(`${value} is stored although it was not confirmed`)
    }
  }

  /** Starts a process, which may die or be rejected; if anything was stored, that must serve first. */
  const boot = async (): Promise<Process> => {
    const before = isReadable ? goodValues() : []
    const { frozen } = deployment.store.journal ?? {}
    const process = deployment.boot()
    tally.boots += 1
    trail.push(`boots with ${before.join() || 'an empty store'}`)
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
    if (!isReverting && servedFirst !== before[0]) fail(`${servedFirst} serves after a boot, but is not the newest`)
    check(process)
    return process
  }

  /** Confirms what waits for it. */
  const confirm = (process: Process): void => {
    const { confirmation } = process.reloader.status()
    if (confirmation === undefined || process.served === undefined) return
    mayBeGood.add(process.served)
    tally.confirmed += 1
    process.reloader.confirm(confirmation.transaction).catch(() => {})
  }

  return {
    deployment,
    trail,
    tally,
    fresh,
    goodValues,
    fail,
    check,
    boot,
    confirm,
    /** The values that may be published again. */
    get used(): number[] {
      return [first, ...goodValues(), ...deaths.keys()]
    },
    spoilStore: (): void => {
      if (isStoreReliable) return
      deployment.store.save(random.pick(['well', 'throws', 'rejects', 'hangs']))
      isReadable = !random.chance(0.2)
      deployment.store.load(isReadable ? 'well' : 'throws')
    },
    heal: (): void => {
      isReadable = true
      deployment.source.heal()
      deployment.store.save('well')
      deployment.store.load('well')
      deployment.store.release()
    },
  }
}

export type Story = ReturnType<typeof createStory>
