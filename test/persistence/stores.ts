import type { EntryName, GoodStore } from '../../src/api/good-store.ts'
import type { Failure } from '../../src/model/failure.ts'
import { goodCodec } from '../../src/persistence/codec.ts'
import type { Good } from '../../src/persistence/persisted-state.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/fakes/virtual-clock.ts'

export const DEADLINE_MS = 1_000
export const goodNames = ['good', 'good.1', 'good.2'] as const
const BACKOFF = { minMs: 1_000, maxMs: 8_000 }

/** A save that has begun; the test decides how it ends. */
export interface PendingSave {
  readonly name: EntryName
  readonly text: string
  /** Takes effect and succeeds. */
  readonly land: () => void
  /** Takes effect and reports a failure all the same. */
  readonly landAndFail: () => void
  /** Has no effect. */
  readonly fail: (error?: unknown) => void
}

/** A store in memory whose saves end when the test says so. */
export const manualStore = () => {
  const kept = new Map<EntryName, string>()
  const begun: PendingSave[] = []
  let openGoods = 0
  let openJournals = 0
  /** The highest number of saves that were unsettled at the same time. */
  const most = { ofGoods: 0, ofJournals: 0, atAll: 0 }
  const count = (name: EntryName, by: number): void => {
    if (name === 'journal') openJournals += by
    else openGoods += by
    most.ofGoods = Math.max(most.ofGoods, openGoods)
    most.ofJournals = Math.max(most.ofJournals, openJournals)
    most.atAll = Math.max(most.atAll, openGoods + openJournals)
  }
  const store: GoodStore = {
    load: (name) => kept.get(name),
    save: (name, text) =>
      new Promise((resolve, reject) => {
        count(name, 1)
        const end = (isSaved: boolean, settle: () => void): void => {
          if (isSaved) kept.set(name, text)
          count(name, -1)
          settle()
        }
        begun.push({
          name,
          text,
          land: () => end(true, resolve),
          landAndFail: () => end(true, () => reject(new Error('scripted'))),
          fail: (error) => end(false, () => reject(error)),
        })
      }),
  }
  return { store, kept, begun, most, names: () => begun.map(({ name }) => name) }
}

/** A store in memory that works, except for what the test changes. */
export const memoryStore = () => {
  const kept = new Map<EntryName, string>()
  const saves: EntryName[] = []
  const behaviour = {
    save: (_name: EntryName): unknown => undefined,
    load: (name: EntryName): unknown => kept.get(name),
  }
  const store = {
    load: (name: EntryName) => behaviour.load(name),
    save: async (name: EntryName, text: string) => {
      saves.push(name)
      await behaviour.save(name)
      kept.set(name, text)
    },
  } as GoodStore
  return { store, kept, saves, behaviour }
}

/** The goods that a restart would find, in the order of the entries. */
export const goodsIn = (kept: ReadonlyMap<EntryName, string>): readonly Good[] =>
  goodNames.flatMap((name) => {
    const decoded = goodCodec.decode(kept.get(name))
    return decoded.kind === 'valid' ? decoded.value : []
  })

export const sequencesIn = (kept: ReadonlyMap<EntryName, string>): readonly number[] =>
  goodsIn(kept).map(({ sequence }) => sequence)

/** A `Persistence` on a virtual clock, and what it reports. */
export const persistenceOf = (
  store: GoodStore,
): { persistence: Persistence; clock: VirtualClock; failures: Failure[] } => {
  const clock = createVirtualClock()
  const failures: Failure[] = []
  const report = (failed: Failure): void => void failures.push(failed)
  const options = { clock, deadlineMs: DEADLINE_MS, report, backoff: BACKOFF, random: () => 0.5 }
  return { persistence: new Persistence(store, options), clock, failures }
}

/** Throws any value, synchronously. */
export const throwing = (value: unknown) => (): never => {
  throw value
}
