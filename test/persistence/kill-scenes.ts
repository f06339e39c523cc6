import type { Good, Journal } from '../../src/persistence/persisted-state.ts'
import { goodOf, journalOf } from './scene.ts'

export interface KillScene {
  /** What is stored before, newest first. */
  readonly before: readonly Good[]
  /** What the child saves. */
  readonly goods: readonly Good[]
}

/** Large enough that the kernel splits its write. */
const large = (sequence: number): Good => goodOf(sequence, `{"n":${sequence},"s":"${'x'.repeat(300_000)}"}`)

export const scenes: Readonly<Record<string, KillScene>> = {
  'the first good': { before: [], goods: [goodOf(1)] },
  'the next good': {
    before: [goodOf(3), goodOf(2), goodOf(1)],
    goods: [large(4), goodOf(3), goodOf(2)],
  },
}

export const journalBefore: Journal = journalOf(1)
export const journalAfter: Journal = journalOf(2)
