import { type Applier, defineApplier, type Generation } from 'changeover'
import type { Random } from './random.ts'

/** A slice carries the version of its document, so that a mix of two shows. */
export interface VersionedSlice {
  readonly version: number
}

type Phase = 'prepare' | 'commit' | 'rollback' | 'check' | 'close' | 'apply'

/** What the simulated modules did, and how likely each phase fails. */
export class ModuleWorld {
  readonly random: Random
  faultRate = 0
  /** How long every prepare takes. */
  slowMs = 0
  opened = 0
  closed = 0
  /** What the compensating module has applied last. */
  applied: number | undefined
  /** Generations that were closed twice, or served after their close. */
  readonly breaches: string[] = []
  readonly #late: (() => void)[] = []

  constructor(random: Random) {
    this.random = random
  }

  /** Throws, hangs, or does nothing, as the seed has it. */
  async act(phase: Phase, signal?: AbortSignal): Promise<void> {
    if (!this.random.chance(this.faultRate)) return
    switch (this.random.below(phase === 'close' ? 4 : 5)) {
      case 0:
        throw new Error(phase)
      case 1: // this may pass, and is no fault of the document's
        throw Object.assign(new Error(phase), { code: 'ECONNREFUSED' })
      case 2:
        await Promise.resolve()
        return Promise.reject('no error object')
      case 3: // ends long after it was given up, whatever the signal says
        await new Promise<void>((resolve) => this.#late.push(resolve))
        return
      default: // ends with the signal
        await new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    }
  }

  actSync(): undefined {
    if (this.random.chance(this.faultRate)) throw new Error('a synchronous hook')
    return undefined
  }

  /** Lets all that hangs go on, and ends all faults. */
  heal(): void {
    this.faultRate = 0
    for (const go of this.#late.splice(0)) go()
  }

  generations(name: string): Applier<VersionedSlice, VersionedSlice, object> {
    return {
      prepare: async (slice, { signal, clock }): Promise<Generation<VersionedSlice>> => {
        if (this.slowMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, this.slowMs))
        await this.act('prepare', signal)
        this.opened += 1
        let isClosed = false
        return {
          instance: slice,
          commit: () => this.actSync(),
          // A rollback that throws makes the module degraded; rarely, or little else would be reached.
          rollback: () => (this.random.chance(0.2) ? this.actSync() : undefined),
          check: (checking) => this.act('check', checking),
          close: async () => {
            if (isClosed) this.breaches.push(`${name} ${slice.version} was closed twice`)
            isClosed = true
            await this.act('close')
            this.closed += 1
          },
        }
      },
    }
  }

  compensating() {
    return defineApplier<VersionedSlice>({
      apply: async (next, _, { signal }) => {
        await this.act('apply', signal)
        this.applied = next.version
      },
      close: () => {
        this.applied = undefined
      },
    })
  }
}
