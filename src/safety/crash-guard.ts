import { pastTime } from '../async/wall-time.ts'
import { type ConfigAttempt, MAX_ATTEMPTS } from '../persistence/persisted-state.ts'

/** Counts how often the process died while it tried a config: the attempt began and never ended. */
export class CrashGuard {
  readonly #build: string
  #attempts: readonly ConfigAttempt[] = []

  constructor(build: string) {
    this.#build = build
  }

  get entries(): readonly ConfigAttempt[] {
    return this.#attempts
  }

  /**
   * Takes over the attempts of an earlier run. Returns those in which it died, in whichever build, each with one death
   * more: an attempt that began and never ended is a death.
   *
   * @param provedDigest the last known good: dying between its promotion and the end of its attempt is not a death
   */
  load(attempts: readonly ConfigAttempt[], provedDigest: string | undefined, now: number): readonly ConfigAttempt[] {
    const died: ConfigAttempt[] = []
    this.#attempts = attempts.flatMap((loaded) => {
      const attempt = { ...loaded, startedAt: pastTime(loaded.startedAt, now) }
      if (attempt.digest === provedDigest) return []
      if (!attempt.isOpen) return [attempt]
      const counted = { ...attempt, isOpen: false, deaths: attempt.deaths + 1 }
      died.push(counted)
      return [counted]
    })
    return died
  }

  begin(digest: string, revision: string, startedAt: number, confirm: boolean): void {
    const deaths = this.#find(digest)?.deaths ?? 0
    const attempt = { digest, build: this.#build, revision, startedAt, deaths, isOpen: true, confirm }
    // One transaction at a time: a document that was replaced in it is no longer being tried.
    const others = this.#others(digest).map((other) => (other.isOpen ? { ...other, isOpen: false } : other))
    this.#attempts = [attempt, ...others].slice(0, MAX_ATTEMPTS)
  }

  /** Ends an attempt that did not kill the process, and forgets its deaths. False if there was none. */
  end(digest: string): boolean {
    const before = this.#attempts.length
    this.#attempts = this.#others(digest)
    return this.#attempts.length < before
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
        return attempt.deaths === 0 ? [] : [{ ...attempt, isOpen: false }]
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
