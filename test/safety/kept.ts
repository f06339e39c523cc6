import { goodCodec, journalCodec } from '../../src/persistence/codec.ts'
import type { Good, Journal } from '../../src/persistence/journal.ts'
import type { EntryName, GoodStore } from '../../src/api/good-store.ts'

/** How the calls of the store go: as they should, never to an end, by throwing, or slowly. */
export type Mood = 'well' | 'hangs' | 'throws' | 'rejects' | { readonly slowMs: number }

type Sleep = (ms: number) => Promise<void>

/** What outlives the processes of a world: a store in memory, and what a test does to it. */
export const createKept = () => {
  const entries = new Map<EntryName, string>()
  const saves: { readonly name: EntryName; readonly text: string }[] = []
  const hanging = new Set<() => void>()
  let loadMood: Mood = 'well'
  let saveMood: (name: EntryName) => Mood = () => 'well'

  const inMood = async (mood: Mood, sleep: Sleep): Promise<void> => {
    if (mood === 'well' || mood === 'throws') return
    if (mood === 'rejects') throw new Error('s3cret: the disk is full')
    if (mood === 'hangs') await new Promise<void>((resolve) => hanging.add(resolve))
    else await sleep(mood.slowMs)
  }

  /** The store as one process sees it: from its death on it does nothing any more. */
  const storeOf = (isDead: () => boolean, sleep: Sleep): GoodStore => {
    const never = new Promise<never>(() => {})
    return {
      load: (name) => {
        if (loadMood === 'throws') throw new Error('s3cret: the disk is gone')
        return inMood(loadMood, sleep).then(() => (isDead() ? never : entries.get(name)))
      },
      save: (name, text) => {
        const mood = saveMood(name)
        if (mood === 'throws') throw new Error('s3cret: the disk is gone')
        return inMood(mood, sleep).then(() => {
          if (isDead()) return never
          entries.set(name, text)
          saves.push({ name, text })
          return undefined
        })
      },
    }
  }

  const goodIn = (name: EntryName): Good | undefined => {
    const decoded = goodCodec.decode(entries.get(name))
    return decoded.kind === 'valid' ? decoded.value : undefined
  }

  return {
    storeOf,
    entries,
    /** Every save that has succeeded, in order. */
    saves,
    /** What the journal says; undefined where there is none, or none that can be read. */
    get journal(): Journal | undefined {
      const decoded = journalCodec.decode(entries.get('journal'))
      return decoded.kind === 'valid' ? decoded.value : undefined
    },
    /** The goods as a start would find them, newest first. */
    get goods(): Good[] {
      const names = ['good', 'good.1', 'good.2'] as const
      return names.flatMap((name) => goodIn(name) ?? []).sort((a, b) => b.sequence - a.sequence)
    },
    /** How loads go from now on. */
    load: (mood: Mood): void => {
      loadMood = mood
    },
    /** How saves go from now on, of all entries or of those that are named. */
    save: (mood: Mood, ...names: EntryName[]): void => {
      const before = saveMood
      saveMood = (name) => (names.length === 0 || names.includes(name) ? mood : before(name))
    },
    /** Lets the calls that hang go on. */
    release: (): void => {
      for (const go of [...hanging]) go()
      hanging.clear()
    },
    get hanging(): number {
      return hanging.size
    },
  }
}

export type Kept = ReturnType<typeof createKept>
