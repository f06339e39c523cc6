import { type createRandom, type Random } from '../simulation/random.ts'
import type { Call } from '../guarantees/scripted.ts'
import type { BootOptions, Process } from './process.ts'
import { createWorld, documentOf } from './world.ts'

/** What a document does is in the last digit of its value. */
const kindOf = (value: number): 'good' | 'sick' | 'refused' | 'unpreparable' | 'crashes early' | 'crashes late' => {
  const digit = value % 10
  if (digit < 5) return 'good'
  if (digit === 5) return 'sick'
  if (digit === 6) return 'refused'
  if (digit === 7) return 'unpreparable'
  return digit === 8 ? 'crashes early' : 'crashes late'
}

const SOAK = 1_000

/** The invariants, and what must be remembered for them. */
export interface Seen {
  deaths: number
  boots: number
  restored: number
  reverts: number
  words: number
  quarantines: number
  committed: number
}

const refuse = ({ value }: { readonly value: number }): void => {
  if (kindOf(value) === 'refused') throw new Error('refused')
}

const settingsOf = (random: Random): BootOptions => ({
  soak: { durationMs: SOAK, intervalMs: 200 },
  policies: [refuse],
  maxAttempts: 2,
  deadlines: { persistMs: 300, prepareMs: 2_000, graceMs: 0 },
  quarantine: { minMs: 1_000, maxMs: 4_000, crashMs: 3_600_000 },
  ...(random.chance(0.5) ? { confirm: { withinMs: 3_000 } } : {}),
})

export const playStory = async (seed: number, random: ReturnType<typeof createRandom>, seen: Seen) => {
  const settings = settingsOf(random)
  const isStoreWell = random.chance(0.5)
  const needsWord = settings.confirm !== undefined
  const trail: string[] = []
  let last = 0
  const valueOf = (digit: number): number => ++last * 10 + digit
  const first = valueOf(random.below(5))
  const world = createWorld({ document: documentOf(first), boot: settings })
  /** Values that may be good: they served with nothing before them, or somebody has confirmed them. */
  const mayBeGood = new Set<number>()
  const deathsOf = new Map<number, number>()
  let process: Process
  let isFrozen = false

  const fail = (what: string): never => {
    throw new Error(`${what} (seed ${seed}), after:\n  ${trail.slice(-40).join('\n  ')}`)
  }

  const die = (value: number): void => {
    if (process.isOver) return
    trail.push(`dies of ${value}`)
    seen.deaths += 1
    if (isStoreWell && world.kept.goods.length > 0 && !isTrusted(value)) {
      deathsOf.set(value, (deathsOf.get(value) ?? 0) + 1)
      if ((deathsOf.get(value) ?? 0) > 2) fail(`${value} kills the process more than maxAttempts times`)
    }
    process.kill()
  }
  const isTrusted = (value: number): boolean => goodValues().includes(value)
  const goodValues = (): number[] => world.kept.goods.map(({ text }) => (JSON.parse(text) as { value: number }).value)

  const react = ({ hook, module, value }: Call): unknown => {
    const kind = kindOf(value)
    const mine = process
    if (hook === 'prepare' && module === 'b' && kind === 'unpreparable') return Promise.reject(new Error('no'))
    if (hook === 'prepare' && module === 'b' && kind === 'crashes early') {
      die(value)
      return new Promise(() => {})
    }
    if (hook === 'commit' && module === 'b' && kind === 'crashes late') {
      void mine.sleep(500).then(() => mine === process && !mine.isOver && mine.served === value && die(value))
    }
    if (hook === 'check' && module === 'a' && kind === 'sick') return Promise.reject(new Error('sick'))
    return undefined
  }

  /** All that must hold at every moment of a living process. */
  const look = (): void => {
    if (process.isOver || process.state === 'closed') return
    const served = process.served // throws at a mix
    const { history, lastGood } = process.reloader.status()
    const names = history.map(({ digest }) => digest)
    if (history.length > 3 || new Set(names).size !== names.length) fail('the history is too long, or holds one twice')
    const isPromoting = process.state === 'promoting'
    if (lastGood !== undefined && !isPromoting && history[0]?.digest !== lastGood.digest) fail('the newest of the history is not the last known good')
    if (served === undefined) return
    if (kindOf(served) === 'refused' || kindOf(served) === 'unpreparable') fail(`${served} serves`)
    for (const value of goodValues()) {
      if (kindOf(value) !== 'good') fail(`${value} was kept as good`)
      if (needsWord && !mayBeGood.has(value)) fail(`${value} was kept as good, and nobody has confirmed it`)
    }
    seen.quarantines = Math.max(seen.quarantines, process.reloader.status().quarantine.length)
  }

  const boot = async (): Promise<void> => {
    const before = goodValues()
    const journal = world.kept.journal
    process = world.boot()
    seen.boots += 1
    const mine = process
    process.react(react)
    trail.push(`boots with ${before.join() || 'nothing kept'}`)
    let servedFirst: number | undefined
    const stop = mine.reloader.subscribe(
      ({ value }) => value,
      (next) => {
        if (next === undefined) return
        servedFirst ??= next
        const isFirst = before.length === 0 || !isReadable
        if (isFirst && mine.reloader.status().lastGood === undefined) mayBeGood.add(next)
      },
    )
    try {
      await mine.start(700)
    } catch {
      trail.push('start rejects')
      await mine.close()
      return
    }
    void stop
    if (mine.isOver && servedFirst === undefined) return
    isFrozen = !mine.isOver && mine.reloader.status().frozen !== undefined
    if (before.length === 0 || !isReadable) return
    if (servedFirst === undefined) fail('nothing serves though there is a good document')
    seen.restored += 1
    const reverting = journal?.frozen?.revertTo
    const expected = reverting === undefined ? before[0] : undefined
    if (expected !== undefined && servedFirst !== expected) fail(`${servedFirst} serves after a boot, not ${expected}`)
    if (!before.includes(servedFirst as number)) fail(`${servedFirst} serves after a boot, which was never proved`)
  }
  let isReadable = true

  const confirm = (): void => {
    const { confirmation } = process.reloader.status()
    const value = process.served
    if (confirmation === undefined || value === undefined) return
    mayBeGood.add(value)
    seen.words += 1
    void process.reloader.confirm(confirmation.transaction).catch(() => {})
  }

  const quiet = (call: Promise<unknown>): void => void call.catch(() => {})

  const moves: Record<string, () => unknown> = {
    good: () => world.source.put(documentOf(valueOf(random.below(5)))),
    bad: () => world.source.put(documentOf(valueOf(5 + random.below(5)))),
    refused: () => world.source.put({ value: 'none' }),
    again: () => {
      const [value = first] = random.chance(0.5) ? goodValues() : [random.pick([...deathsOf.keys(), first] as [number])]
      world.source.put(documentOf(value, random.chance(0.2) ? { note: 'other' } : {}))
    },
    wait: () => process.advance(random.pick([0, 1, 100, 400, 999, 1_000, 3_000, 10_000])),
    kill: async () => {
      for (let turns = random.below(30); turns > 0; turns--) await Promise.resolve()
      process.kill()
    },
    close: () => process.close(),
    freeze: () => {
      isFrozen = true
      quiet(process.reloader.freeze('x'))
    },
    unfreeze: () => {
      isFrozen = false
      quiet(process.reloader.unfreeze())
    },
    revert: () => {
      const { history } = process.reloader.status()
      if (history.length < 2 || process.reloader.status().serving === undefined) return
      isFrozen = true
      seen.reverts += 1
      quiet(process.reloader.revert({ to: random.pick(history as [(typeof history)[0] & object]).digest }))
    },
    confirm,
    retry: () => quiet(process.reloader.retry()),
    reload: () => quiet(process.reloader.reload()),
    cut: () => world.cutSource(),
    heal: () => world.source.heal(),
    store: () => {
      if (isStoreWell) return
      world.kept.save(random.pick(['well', 'throws', 'rejects', 'hangs', { slowMs: 100 }]))
      isReadable = !random.chance(0.2)
      world.kept.load(isReadable ? 'well' : 'throws')
    },
  }
  const names = 'good good good bad bad refused again again wait wait wait wait wait wait kill close freeze unfreeze unfreeze revert confirm confirm confirm retry reload cut heal heal store'.split(' ') as [string]

  await boot()
  for (let step = 0; step < 40; step++) {
    process = process!
    if (!process.isOver && process.state === 'closed') await process.close() // its start was refused
    if (process.isOver) await boot()
    if (process.isOver) {
      // It does not start as things are: a good document, and a source that answers.
      world.source.heal()
      world.source.put(documentOf(valueOf(0)))
      continue
    }
    const name = random.pick(names)
    trail.push(`${name} at ${process.state}`)
    const atRest = /^(committed|rejected|rolled-back)$/.test(process.state)
    const before = isFrozen && atRest ? process.served : undefined
    await moves[name]?.()
    if (process.isOver) continue
    await process.advance(0)
    look()
    if (name === 'wait' && before !== undefined && !process.isOver && process.served !== before) {
      fail(`${process.served} serves though changes are frozen at ${before}`)
    }
  }

  // All is well again: a fresh good document serves in the end, and is kept.
  world.source.heal()
  world.kept.save('well')
  world.kept.load('well')
  world.kept.release()
  isReadable = true
  for (let tries = 0; tries < 10 && process!.isOver; tries++) {
    world.source.put(documentOf(valueOf(0)))
    await boot()
  }
  trail.push('all is well')
  const fresh = valueOf(0)
  world.source.put(documentOf(fresh))
  quiet(process!.reloader.unfreeze())
  quiet(process!.reloader.release())
  for (let spent = 0; spent < 120_000 && goodValues()[0] !== fresh; spent += 500) {
    if (process!.isOver) await boot()
    await process!.advance(500)
    if (!process!.isOver) confirm()
    look()
  }
  if (process!.isOver || process!.served !== fresh) fail(`${fresh} does not serve in the end`)
  if (goodValues()[0] !== fresh) fail(`${fresh} is not kept in the end`)
  await process!.close()
  seen.committed += process!.records.filter(({ outcome }) => outcome === 'committed').length
}
