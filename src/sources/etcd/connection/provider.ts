import { SourceError } from '../../../api/source.ts'
import { cancelOnAbort } from '../../../async/abort.ts'
import { withDeadline, type Limits } from '../../../async/deadline.ts'

/** Gives a secret that may change while the service runs. */
export interface Provider<Value> {
  /** True if the user gave a function, so that a later call may return something else. */
  readonly isDynamic: boolean
  /** Rejects with `source.credentials` if the user's function throws, hangs, or returns something else. */
  readonly ask: (signal: AbortSignal) => Promise<Value>
}

/** Makes a provider of a value, which is checked at once, or of a function, which is checked at each call. */
export const createProvider = <Value extends object>(
  given: Value | (() => Value | Promise<Value>) | undefined,
  check: (value: Value) => Value,
  limits: Limits,
): Provider<Value> | undefined => {
  if (given === undefined) return undefined
  if (typeof given !== 'function') {
    const value = check(given)
    return { isDynamic: false, ask: async () => value }
  }
  const ask = async (signal: AbortSignal): Promise<Value> => {
    if (signal.aborted) throw new SourceError('source.closed')
    const ended = await cancelOnAbort(
      withDeadline(() => given(), limits),
      signal,
    )
    if (ended.kind === 'failed') throw new SourceError('source.credentials', ended.error)
    if (signal.aborted) throw new SourceError('source.closed')
    if (ended.kind !== 'done') throw new SourceError('source.credentials', new TimeoutError())
    try {
      return check(ended.value)
    } catch {
      // The error is dropped: a getter may have thrown it, and it may quote a secret.
      throw new SourceError('source.credentials', new TypeError('the function did not return what the option takes'))
    }
  }
  return { isDynamic: true, ask }
}

class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/** Keeps what a provider gave until it is refused, since asking may be slow, and may even create a user. */
export class KeptSecret<Value> {
  readonly #provider: Provider<Value>
  readonly #closed: AbortSignal
  #kept: Promise<Value> | undefined

  constructor(provider: Provider<Value>, closed: AbortSignal) {
    this.#provider = provider
    this.#closed = closed
  }

  /** True if the next `get` returns what was given before. */
  get isKept(): boolean {
    return this.#kept !== undefined
  }

  get(): Promise<Value> {
    if (this.#kept !== undefined) return this.#kept
    const asked = this.#provider.ask(this.#closed)
    this.#kept = asked
    asked.catch(() => this.#forget(asked))
    return asked
  }

  /** Makes the next `get` ask again, if that may help. Returns whether it may. */
  refuse(given: Promise<Value> | undefined = this.#kept): boolean {
    if (!this.#provider.isDynamic) return false
    this.#forget(given)
    return true
  }

  #forget(given: Promise<Value> | undefined): void {
    if (this.#kept === given) this.#kept = undefined
  }
}
