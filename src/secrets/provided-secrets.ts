import type { Clock, TimerHandle } from '../api/clock.ts'
import type { SecretProvider } from '../api/secret-provider.ts'
import { FannedSignal } from '../async/abort.ts'
import { ignoreRejection } from '../async/thenable.ts'
import { type Failure, failure } from '../model/failure.ts'
import { type ReaderSettings, type ReadFailure, SecretReader } from './secret-reader.ts'

/** How much the time between two reads may differ from `refreshMs`, so that many services do not read at once. */
const JITTER = 0.1

export interface ProvidedDeps {
  readonly settings: ReaderSettings
  /** The service's own clock: a close does not bring these timers forward. */
  readonly timers: Clock
  readonly report: (failed: Failure) => void
  /** A read that no transaction has asked for has found another value of this secret, or its first. */
  readonly onChanged: (reference: string) => void
}

interface Followed {
  readonly name: string
  readonly reader: SecretReader
  timer: TimerHandle
  /** True if it may have changed while it was being read. */
  isNoticed: boolean
  isReading: boolean
  isReported: boolean
}

/** The secrets of one provider that are in use: watches the provider, and reads them again when they may have changed. */
export class ProvidedSecrets {
  readonly #id: string
  readonly #provider: SecretProvider
  readonly #deps: ProvidedDeps
  readonly #followed = new Map<string, Followed>()
  readonly #closing = new AbortController()
  readonly #closed = new FannedSignal(this.#closing)
  #unwatch: (() => void) | undefined
  #isWatched = false

  constructor(id: string, provider: SecretProvider, deps: ProvidedDeps) {
    this.#id = id
    this.#provider = provider
    this.#deps = deps
  }

  /** The reader of a secret, which is followed from now on. */
  readerOf(name: string): SecretReader {
    this.#watch()
    const known = this.#followed.get(name)
    if (known !== undefined) return known.reader
    const { read } = this.#provider
    const reader = new SecretReader((...given) => read.apply(this.#provider, given), name, this.#deps.settings)
    const followed = { name, reader, timer: undefined, isNoticed: false, isReading: false, isReported: false }
    this.#followed.set(name, followed)
    return reader
  }

  /** The reader of a secret that is followed. */
  find(name: string): SecretReader | undefined {
    return this.#followed.get(name)?.reader
  }

  /** Forgets all other secrets, and sees to it that these are read again when it is due. */
  keep(names: ReadonlySet<string>): void {
    for (const [name, followed] of this.#followed) {
      if (names.has(name)) {
        const isDue = followed.timer === undefined || followed.reader.failed !== undefined
        if (isDue && !followed.isReading) this.#schedule(followed)
        continue
      }
      this.#deps.timers.clearTimeout(followed.timer)
      this.#followed.delete(name)
    }
  }

  /** Ends the watch and all waiting. */
  stop(): void {
    this.#closing.abort()
    for (const { timer } of this.#followed.values()) this.#deps.timers.clearTimeout(timer)
    try {
      this.#unwatch?.()
    } catch (error) {
      this.#report('secret.watch-failed', undefined, { cause: error })
    }
  }

  /** Before the first read, so that no change after it is missed. */
  #watch(): void {
    if (this.#isWatched || this.#closing.signal.aborted) return
    this.#isWatched = true
    try {
      const unwatch: unknown = this.#provider.watch?.((name) => this.#notice(name))
      if (unwatch === undefined && this.#provider.watch === undefined) return
      if (typeof unwatch !== 'function') {
        ignoreRejection(unwatch)
        throw new TypeError('watch returned no function')
      }
      this.#unwatch = () => void unwatch()
    } catch (error) {
      this.#report('secret.watch-failed', undefined, { cause: error })
    }
  }

  #notice(name: unknown): void {
    if (this.#closing.signal.aborted) return
    for (const followed of this.#followed.values()) {
      if (typeof name === 'string' && followed.name !== name) continue
      if (followed.isReading) followed.isNoticed = true
      else this.#readIn(followed, followed.reader.waitMs)
    }
  }

  #schedule(followed: Followed): void {
    const { reader } = followed
    const dueMs = reader.refreshMs ?? this.#provider.refreshMs
    if (followed.isNoticed || reader.failed !== undefined) this.#readIn(followed, reader.waitMs)
    else if (dueMs !== undefined) {
      const jitter = 1 - JITTER + 2 * JITTER * this.#deps.settings.random()
      this.#readIn(followed, Math.max(reader.waitMs, dueMs * jitter))
    }
  }

  #readIn(followed: Followed, ms: number): void {
    const { timers } = this.#deps
    timers.clearTimeout(followed.timer)
    followed.timer = timers.setTimeout(() => void this.#readAgain(followed), Math.ceil(ms))
  }

  async #readAgain(followed: Followed): Promise<void> {
    const { reader, name } = followed
    followed.timer = undefined
    followed.isNoticed = false
    followed.isReading = true
    const before = reader.known
    const outcome = await reader.read(this.#closed)
    followed.isReading = false
    if (this.#closing.signal.aborted || this.#followed.get(name) !== followed) return
    if (outcome.kind === 'failed') this.#reportOnce(followed, outcome.failed)
    else followed.isReported = false
    const hasChanged = outcome.kind === 'read' && before?.value !== outcome.secret.value
    if (hasChanged) this.#deps.onChanged(`${this.#id}:${name}`)
    this.#schedule(followed)
  }

  /** Once for each outage: what serves goes on, and the reads do too. A transaction reports its own. */
  #reportOnce(followed: Followed, failed: ReadFailure): void {
    if (followed.reader.known === undefined || followed.isReported) return
    followed.isReported = true
    this.#report(failed.code, followed.name, failed)
  }

  #report(code: Failure['code'], name: string | undefined, { detail, cause }: Partial<ReadFailure>): void {
    const what = name === undefined ? `provider ${this.#id}` : nameSecret(this.#id, name)
    this.#deps.report(failure(code, { detail: detail === undefined ? what : `${what}: ${detail}` }, cause))
  }
}

/** Names a secret in messages. */
export const nameSecret = (provider: string, name: string): string => `secret "${name}" of ${provider}`
