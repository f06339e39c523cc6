import type { Failure } from '../../src/model/failure.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import type { EntryName, GoodStore } from '../../src/api/good-store.ts'
import { createVirtualClock, type VirtualClock } from '../../src/testing/fakes/virtual-clock.ts'

export const DEADLINE_MS = 1_000
const RETRY = { minMs: 1_000, maxMs: 8_000 }

/** A call of a save that has been begun and is ended by the test. */
export interface Begun {
  readonly name: EntryName
  readonly text: string
  /** It has taken effect. */
  readonly land: () => void
  readonly fail: (error?: unknown) => void
}

/** A store whose saves end when the test says so. */
export const manualStore = () => {
  const kept = new Map<EntryName, string>()
  const begun: Begun[] = []
  /** The highest number of saves of one entry that were unsettled at one time. */
  const open = new Map<EntryName, number>()
  let most = 0
  let mostAtAll = 0
  const count = (name: EntryName, by: number): void => {
    open.set(name, (open.get(name) ?? 0) + by)
    most = Math.max(most, ...open.values())
    mostAtAll = Math.max(
      mostAtAll,
      [...open.values()].reduce((sum, each) => sum + each, 0),
    )
  }
  const store: GoodStore = {
    load: (name) => kept.get(name),
    save: (name, text) =>
      new Promise((resolve, reject) => {
        count(name, 1)
        begun.push({
          name,
          text,
          land: () => {
            kept.set(name, text)
            count(name, -1)
            resolve()
          },
          fail: (error) => {
            count(name, -1)
            reject(error)
          },
        })
      }),
  }
  return {
    store,
    kept,
    begun,
    names: () => begun.map(({ name }) => name),
    most: () => ({ ofOne: most, atAll: mostAtAll }),
  }
}

/** A store in memory that does what it should, but for what the test changes. */
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

/** A keeper on a virtual clock, with what it reports. */
export const keeperOf = (store: GoodStore): { keeper: Persistence; clock: VirtualClock; failures: Failure[] } => {
  const clock = createVirtualClock()
  const failures: Failure[] = []
  const report = (failed: Failure): void => void failures.push(failed)
  const keeper = new Persistence(store, { clock, deadlineMs: DEADLINE_MS, report, retry: RETRY, random: () => 0.5 })
  return { keeper, clock, failures }
}

/** Throws at once what is no error. */
export const throwing = (value: unknown) => (): never => {
  throw value
}
