import { pastTime } from '../async/wall-time.ts'
import type { Owner, OwnerState } from '../persistence/sharing/owner.ts'
import { type ConfigAttempt, closed, MAX_ATTEMPTS } from '../persistence/persisted-state.ts'

/** What attempts of earlier runs are judged by. */
export interface EarlierRuns {
  /** The last known good: dying between its promotion and the end of its attempt is not a death. */
  readonly provedDigest: string | undefined
  readonly now: number
  readonly stateOf: (owner: Owner) => OwnerState
}

/** Counts how often a process died while it tried a config: the attempt began and never ended. */
export class CrashGuard {
  readonly #build: string
  readonly #self: Owner | undefined
  #attempts: readonly ConfigAttempt[] = []
  /** Attempts of processes that live. They end them themselves. */
  #foreign: readonly ConfigAttempt[] = []

  constructor(build: string, self: Owner | undefined) {
    this.#build = build
    this.#self = self
  }

  get entries(): readonly ConfigAttempt[] {
    return [...this.#attempts, ...this.#foreign].slice(0, MAX_ATTEMPTS)
  }

  /** A process that lives and tries a config by the same journal. */
  get rival(): Owner | undefined {
    return this.#foreign[0]?.owner
  }

  /**
   * Takes over the attempts of an earlier run. Returns those in which it died, in whichever build, each with one death
   * more: an attempt that began and never ended is a death, unless its owner lives, or nobody can tell.
   *
   * Deaths add up from one start to the next. Processes that tried a config side by side and died count once: whatever
   * ended them, such as a loss of power, may have ended them together.
   */
  load(attempts: readonly ConfigAttempt[], { provedDigest, now, stateOf }: EarlierRuns): readonly ConfigAttempt[] {
    const died = new Set<string>()
    const merged = new Map<string, ConfigAttempt>()
    this.#foreign = []
    for (const loaded of attempts) {
      const attempt = { ...loaded, startedAt: pastTime(loaded.startedAt, now) }
      if (attempt.digest === provedDigest) continue
      const { owner, isOpen } = attempt
      const state = isOpen && owner !== undefined ? stateOf(owner) : 'dead'
      if (isOpen && state === 'alive') {
        this.#foreign = [...this.#foreign, attempt]
        continue
      }
      const isDeath = isOpen && state === 'dead'
      const deaths = attempt.deaths + (isDeath ? 1 : 0)
      if (deaths === 0) continue
      const key = keyOf(attempt)
      if (isDeath) died.add(key)
      const known = merged.get(key)
      if (known === undefined || known.deaths < deaths) merged.set(key, closed({ ...attempt, deaths }))
    }
    this.#attempts = [...merged.values()]
    return this.#attempts.filter((attempt) => died.has(keyOf(attempt)))
  }

  begin(digest: string, revision: string, startedAt: number, confirm: boolean): void {
    const deaths = this.#find(digest)?.deaths ?? 0
    const owner = this.#self === undefined ? {} : { owner: this.#self }
    const attempt = { digest, build: this.#build, revision, startedAt, deaths, isOpen: true, confirm, ...owner }
    // One transaction at a time: a document that was replaced in it is no longer being tried.
    const others = this.#others(digest).map((other) => (other.isOpen ? closed(other) : other))
    this.#attempts = [attempt, ...others].slice(0, MAX_ATTEMPTS)
  }

  /** Ends an attempt that did not kill the process, and forgets its deaths. False if there was none. */
  end(digest: string): boolean {
    const before = this.#attempts.length
    this.#attempts = this.#others(digest)
    return this.#attempts.length < before
  }

  /** Ends an attempt that has proved the config. One of another process must not look like a death long after its end. */
  prove(digest: string): void {
    this.end(digest)
    this.#foreign = this.#foreign.filter((attempt) => attempt.digest !== digest)
  }

  /** Forgets the deaths of one config, or of all. An attempt that runs goes on. */
  forget(digest?: string): void {
    this.#attempts = this.#attempts.flatMap((attempt) => {
      if (digest !== undefined && attempt.digest !== digest) return [attempt]
      return attempt.isOpen ? [{ ...attempt, deaths: 0 }] : []
    })
  }

  /** Notes that nothing is being tried any more. An attempt that was given up has proved nothing: earlier deaths stay. */
  suspend(): boolean {
    const isOpen = this.#attempts.some((attempt) => attempt.isOpen)
    if (isOpen) {
      this.#attempts = this.#attempts.flatMap((attempt) => {
        if (!attempt.isOpen) return [attempt]
        return attempt.deaths === 0 ? [] : [closed(attempt)]
      })
    }
    return isOpen
  }

  #find(digest: string): ConfigAttempt | undefined {
    return this.#attempts.find((attempt) => attempt.digest === digest && attempt.build === this.#build)
  }

  #others(digest: string): readonly ConfigAttempt[] {
    return this.#attempts.filter((attempt) => attempt.digest !== digest || attempt.build !== this.#build)
  }
}

const keyOf = ({ digest, build }: ConfigAttempt): string => JSON.stringify([digest, build])
