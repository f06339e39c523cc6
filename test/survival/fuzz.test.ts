import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { goodCodec, journalCodec } from '../../src/keeper/codec.ts'
import type { EntryName, Good, GoodStore } from '../../src/keeper/types.ts'
import { memorySource } from '../../src/testing/memory-source.ts'
import { createVirtualClock } from '../../src/testing/virtual-clock.ts'
import { createRandom, type Random } from '../input/random-json.ts'
import { type Config, createService, type Effects, isConfig } from './service.ts'
import { accidents, attacks, type Spoil } from './spoil.ts'

vi.setConfig({ testTimeout: 1_800_000 })

const CASES = process.env.CHANGEOVER_LONG === '1' ? 100_000 : 10_000
const SOAK_MS = 100

const names: readonly EntryName[] = ['good', 'good.1', 'good.2', 'journal']
/** What the source holds after the files were spoilt. */
const NEXT = { value: 9 }

type Entries = ReadonlyMap<EntryName, string>

const storeOf = (kept: Map<EntryName, string>): GoodStore => ({
  load: (name) => kept.get(name),
  save: (name, text) => void kept.set(name, text),
})

const createEffects = (): Effects => {
  let applied = Number.NaN
  return {
    get: () => applied,
    set: (value) => {
      applied = value
    },
  }
}

const strays: unknown[] = []
const noteStray = (error: unknown): void => void strays.push(error)

beforeAll(() => {
  process.on('unhandledRejection', noteStray)
  process.on('uncaughtException', noteStray)
})

afterAll(() => {
  process.off('unhandledRejection', noteStray)
  process.off('uncaughtException', noteStray)
})

let lives = 0

/** A whole service on these entries. */
const boot = (kept: Map<EntryName, string>, document: object | undefined, withinMs?: number) => {
  const clock = createVirtualClock()
  const source = memorySource(document)
  // Every life of the source has revisions of its own.
  lives += 1
  while (document !== undefined && source.revision.order < lives * 10) source.put(document)
  if (document === undefined) {
    source.failReads('source.unreachable')
    source.failWatches('source.unreachable')
  }
  const service = createService({
    source,
    effects: createEffects(),
    lastKnownGood: storeOf(kept),
    clock,
    build: 'one',
    soak: { durationMs: SOAK_MS, intervalMs: SOAK_MS },
    retry: { minMs: 3_600_000, maxMs: 3_600_000 },
    ...(withinMs === undefined ? {} : { confirm: { withinMs } }),
  })
  const started: { outcome?: 'served' | 'refused'; error?: unknown } = {}
  service.reloader.start().then(
    () => {
      started.outcome = 'served'
    },
    (error: unknown) => {
      started.outcome = 'refused'
      started.error = error
    },
  )
  const close = async (): Promise<void> => {
    let isClosed = false
    void service.reloader.close().then(() => {
      isClosed = true
    })
    for (let spent = 0; !isClosed && spent < 100; spent++) await clock.advance(spent * 100)
    if (!isClosed || clock.pending() > 0) throw new Error('it does not close')
  }
  return { ...service, clock, source, started, close }
}

/** What real services have left on the disk, at moments at which a process may die. */
const collectHistories = async (): Promise<Entries[]> => {
  const histories: Entries[] = []
  const kept = new Map<EntryName, string>()
  const note = (): void => void histories.push(new Map(kept))
  const live = async (
    document: Config,
    withinMs: number | undefined,
    act: (service: ReturnType<typeof boot>) => Promise<void>,
  ): Promise<void> => {
    const service = boot(kept, document, withinMs)
    await service.clock.advance(SOAK_MS)
    note()
    await act(service)
    note()
  }
  await live({ value: 1 }, undefined, async ({ source, clock, close }) => {
    for (const value of [2, 3, 4]) {
      source.put({ value })
      await clock.advance(SOAK_MS / 2)
      note()
      await clock.advance(SOAK_MS)
      note()
    }
    source.put({ value: 5, fails: 'check' })
    await clock.advance(SOAK_MS)
    note()
    await close()
  })
  await live({ value: 4 }, undefined, async ({ reloader, clock, source }) => {
    void reloader.revert()
    await clock.advance(SOAK_MS / 2)
    note()
    await clock.advance(SOAK_MS)
    note()
    void reloader.unfreeze()
    await clock.advance(SOAK_MS)
    source.put({ value: 6 })
    await clock.advance(SOAK_MS / 2) // it dies in its soak
  })
  await live({ value: 6 }, undefined, async () => {})
  // Closed before it was confirmed, it is quarantined: it is the document that the source holds in the end.
  await live(NEXT, 1_000, async ({ close }) => close())
  if (histories.some((entries) => entries.size < 2)) throw new Error('a history without a good')
  return histories
}

/** A history of which some entries are spoilt. */
const spoilt = (histories: readonly Entries[], ways: readonly [Spoil, ...Spoil[]], random: Random) => {
  const pickOf = <T>(from: readonly T[]): T => from[random.upTo(from.length)] as T
  const history = pickOf(histories)
  const kept = new Map<EntryName, string>()
  for (const name of names) {
    const text = history.get(name)
    if (text === undefined) continue
    const other = Buffer.from(pickOf(histories).get(pickOf(names)) ?? 'changeover/1 good \n{}')
    const isSpoilt = random.chance(0.6)
    kept.set(name, isSpoilt ? random.pick(ways)(Buffer.from(text), other, random).toString() : text)
  }
  return kept
}

/** The configs that are kept, the newest good first. */
const configsOf = (kept: Entries): { readonly config: Config; readonly isPlain: boolean }[] =>
  names
    .flatMap((name): Good[] => {
      const decoded = goodCodec.decode(name === 'journal' ? undefined : kept.get(name))
      return decoded.kind === 'valid' ? [decoded.value] : []
    })
    .sort((one, other) => other.sequence - one.sequence || other.savedAt - one.savedAt)
    // Of one digest there is but one good: somebody who may write the files may also put his own in its place.
    .filter(({ digest }, index, all) => all.findIndex((other) => other.digest === digest) === index)
    .flatMap(({ text }) => {
      try {
        const config: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
        return isConfig(config) ? [{ config, isPlain: /^\{"value":\d+\}$/.test(text) }] : []
      } catch {
        return []
      }
    })

/** One case: what is wrong with it, or nothing; and how the service came to serve. */
const tryCase = async (kept: Map<EntryName, string>, from: 'source' | 'nothing' | 'nonsense') => {
  const configs = configsOf(kept)
  const isLearned = journalCodec.decode(kept.get('journal')).kind === 'valid'
  const service = boot(kept, { source: NEXT, nothing: undefined, nonsense: { value: 'x' } }[from])
  const { reloader, clock, started, served, close } = service
  await clock.advance(0)
  const first = served()
  const plain = configs.filter(({ isPlain }) => isPlain)
  if (first === undefined) {
    if (plain.length > 0 || from === 'source') throw new Error('nothing serves')
    if (from === 'nonsense' && started.outcome !== 'refused') throw new Error('nonsense is not refused')
  } else {
    const known = [...configs.map(({ config }) => config.value), ...(from === 'source' ? [NEXT.value] : [])]
    if (!isConfig(reloader.config) || !known.includes(first)) throw new Error(`${first} serves`)
    // With nothing that was learnt to say otherwise it is the newest.
    const isClear = !isLearned && from !== 'source' && plain.length === configs.length
    if (isClear && first !== plain[0]?.config.value) throw new Error(`${first} serves, which is not the newest`)
  }
  if (from === 'source') {
    await clock.advance(SOAK_MS)
    if (reloader.status().frozen !== undefined) await reloader.unfreeze()
    void reloader.release()
    await clock.advance(2 * SOAK_MS)
    const { state, persistence, history } = reloader.status()
    if (served() !== NEXT.value || state !== 'committed') throw new Error(`the source's is ${state}`)
    if (persistence?.lastError !== undefined) throw new Error(`it is not kept: ${persistence.lastError.detail}`)
    if (configsOf(kept)[0]?.config.value !== NEXT.value || history[0] === undefined)
      throw new Error('not the newest good')
  }
  await close()
  if (strays.length > 0) throw strays[0]
  return first === undefined ? 'nothing' : first === NEXT.value ? 'source' : 'good'
}

describe.each([
  ['by accident', accidents],
  ['by somebody who makes the checksum true', attacks],
] as const)('files that are spoilt %s', (_title, ways) => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  it(`never keep a service from starting, nor serve what the schema refuses, in ${CASES / 2} cases (seed ${seed})`, async () => {
    const random = createRandom(seed)
    lives = 0
    const histories = await collectHistories()
    const seen = { nothing: 0, source: 0, good: 0 }
    for (let run = 0; run < CASES / 2; run++) {
      lives = 9
      const kept = spoilt(histories, ways, random)
      const before = [...kept].map(([name, text]) => `\n${name}: ${JSON.stringify(text.slice(0, 1_000))}`).join('')
      const from = random.pick(['source', 'source', 'nothing', 'nonsense'] as const)
      try {
        seen[await tryCase(kept, from)] += 1
      } catch (error) {
        throw new Error(`case ${run} with ${from}: ${before}`, { cause: error })
      }
    }
    console.log(seen)
    // All of them happen often, or nothing was tested.
    expect(Math.min(seen.nothing, seen.source)).toBeGreaterThan(CASES / 1000)
    expect(seen.good).toBeGreaterThan(CASES / 10)
  })
})
