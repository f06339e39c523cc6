import type { ConfigAttempt } from '../persistence/journal.ts'

/** Attempts that are kept; of more, the oldest are forgotten. */
const MAX_ATTEMPTS = 16

/** Counts how often the process died while a config was being tried: begun, and neither ended nor given up. */
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
   * Takes over what an earlier run has written, and answers with those that it died in, whichever build it was: each of
   * them with one death more. An attempt that was begun and never ended is one.
   *
   * @param provedDigest the last known good: a death between its promotion and the end of its attempt is none
   */
  load(attempts: readonly ConfigAttempt[], provedDigest: string | undefined): readonly ConfigAttempt[] {
    const died: ConfigAttempt[] = []
    this.#attempts = attempts.slice(0, MAX_ATTEMPTS).flatMap((attempt) => {
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
    // One transaction at a time: what it tried before it was taken over is no attempt any more.
    const others = this.#others(digest).map((other) => (other.isOpen ? { ...other, isOpen: false } : other))
    this.#attempts = [attempt, ...others].slice(0, MAX_ATTEMPTS)
  }

  /** It did not kill the process, so no death of it counts any more. False where there was nothing to end. */
  end(digest: string): boolean {
    const before = this.#attempts.length
    this.#attempts = this.#others(digest)
    return this.#attempts.length < before
  }

  /** Forgets the deaths of one config, or of all; what is being tried now stays so. */
  forget(digest?: string): void {
    this.#attempts = this.#attempts.flatMap((attempt) => {
      if (digest !== undefined && attempt.digest !== digest) return [attempt]
      return attempt.isOpen ? [{ ...attempt, deaths: 0 }] : []
    })
  }

  /** Nothing is being tried any more: what was given up has proved nothing, and what it did before is not forgotten. */
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
