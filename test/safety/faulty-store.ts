import { goodCodec, journalCodec } from '../../src/persistence/codec.ts'
import type { Good, Journal } from '../../src/persistence/persisted-state.ts'
import type { Owner, OwnerState } from '../../src/persistence/sharing/owner.ts'
import { withInternals } from '../../src/persistence/sharing/store-internals.ts'
import { secret } from '../support/secrets.ts'
import type { EntryName, GoodStore } from '../../src/api/good-store.ts'

/** Decides how the calls of the store end: well, never, by throwing, by rejecting, or slowly. */
export type StoreBehavior = 'well' | 'hangs' | 'throws' | 'rejects' | { readonly slowMs: number }

export const goodNames = ['good', 'good.1', 'good.2'] as const

type Sleep = (ms: number) => Promise<void>

/** Creates a store in memory that outlives the processes of a deployment, and that a test can make fail. */
export const createFaultyStore = () => {
  const entries = new Map<EntryName, string>()
  const saves: { readonly name: EntryName; readonly text: string }[] = []
  const hanging = new Set<() => void>()
  let processes = 0
  /** What is known of owners that are not dead, by their instance. */
  const living = new Map<string, OwnerState>()
  let loadBehavior: StoreBehavior = 'well'
  let saveBehavior: (name: EntryName) => StoreBehavior = () => 'well'

  const behave = async (behavior: StoreBehavior, sleep: Sleep): Promise<void> => {
    if (behavior === 'well' || behavior === 'throws') return
    if (behavior === 'rejects') throw new Error(secret('the disk is full'))
    if (behavior === 'hangs') await new Promise<void>((resolve) => hanging.add(resolve))
    else await sleep(behavior.slowMs)
  }

  /** The store as one process sees it: it does nothing once the process is dead. */
  const forProcess = (isDead: () => boolean, sleep: Sleep): GoodStore => {
    const never = new Promise<never>(() => {})
    const store: GoodStore = {
      load: (name) => {
        if (loadBehavior === 'throws') throw new Error(secret('the disk is gone'))
        return behave(loadBehavior, sleep).then(() => (isDead() ? never : entries.get(name)))
      },
      save: (name, text) => {
        const behavior = saveBehavior(name)
        if (behavior === 'throws') throw new Error(secret('the disk is gone'))
        return behave(behavior, sleep).then(() => {
          if (isDead()) return never
          entries.set(name, text)
          saves.push({ name, text })
          return undefined
        })
      },
    }
    // One process runs at a time, so what it finds was left by dead ones.
    const instance = String(++processes)
    const self: Owner = { host: 'host', boot: '', space: '', pid: processes, started: '', instance }
    const stateOf = (owner: Owner) => living.get(owner.instance) ?? 'dead'
    return withInternals(store, { processes: { self, stateOf } })
  }

  const goodIn = (name: EntryName): Good | undefined => {
    const decoded = goodCodec.decode(entries.get(name))
    return decoded.kind === 'valid' ? decoded.value : undefined
  }

  return {
    forProcess,
    entries,
    living,
    /** Every save that has succeeded, in order. */
    saves,
    /** The stored journal; undefined if there is none that can be read. */
    get journal(): Journal | undefined {
      const decoded = journalCodec.decode(entries.get('journal'))
      return decoded.kind === 'valid' ? decoded.value : undefined
    },
    /** The good documents that a start would find, newest first, each once. */
    get goodHistory(): Good[] {
      const found = goodNames.flatMap((name) => goodIn(name) ?? []).sort((a, b) => b.sequence - a.sequence)
      return found.filter((good, index) => found.findIndex(({ digest }) => digest === good.digest) === index)
    },
    /** Damages the entry that holds the newest good document. */
    damageNewest: (): void => {
      const newest = Math.max(...goodNames.map((name) => goodIn(name)?.sequence ?? -1))
      const name = goodNames.find((one) => goodIn(one)?.sequence === newest)
      if (name !== undefined) entries.set(name, `${entries.get(name)}x`)
    },
    /** Sets how loads behave from now on. */
    load: (behavior: StoreBehavior): void => {
      loadBehavior = behavior
    },
    /** Sets how saves behave from now on, for all entries or for the named ones. */
    save: (behavior: StoreBehavior, ...names: EntryName[]): void => {
      const before = saveBehavior
      saveBehavior = (name) => (names.length === 0 || names.includes(name) ? behavior : before(name))
    },
    /** Lets hanging calls continue. */
    release: (): void => {
      for (const go of [...hanging]) go()
      hanging.clear()
    },
    get hanging(): number {
      return hanging.size
    },
  }
}

export type FaultyStore = ReturnType<typeof createFaultyStore>
