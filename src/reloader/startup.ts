import type { Clock, TimerHandle } from '../api/clock.ts'
import type { StartOptions } from '../api/call-options.ts'
import { ChangeoverError, changeoverError, type Failure, failure } from '../model/failure.ts'
import { checkMs, invalidOption } from '../model/option-checks.ts'
import type { TransactionRecord } from '../model/record.ts'

type StartupLinks = {
  readonly lastError: () => Failure | undefined
  /** Called in the turn in which the start fails, so that nothing that waits can commit after it. */
  readonly onFailed: () => void
}

/** One call of `start`: settles at the first commit, the first bad document, the deadline or the abort. */
export class Startup {
  readonly served: Promise<void>
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  readonly #waitsForDocument: boolean
  #hasServed = false
  #hasEnded = false
  #onFailed = (): void => {}
  /** What the start waits for beside the source: a document, or a secret. */
  #awaited: Failure | undefined
  #timer: TimerHandle
  #resolve: () => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor(
    { signal, deadlineMs, waitForDocument = false }: StartOptions,
    clock: Clock,
    { lastError, onFailed }: StartupLinks,
  ) {
    // Checked first, since a constructor that throws must leave no listener behind.
    if (deadlineMs !== undefined) checkMs('deadlineMs', deadlineMs)
    if (typeof waitForDocument !== 'boolean') throw invalidOption('waitForDocument must be true or false')
    this.#clock = clock
    this.#waitsForDocument = waitForDocument
    this.#signal = signal
    this.served = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Nobody awaits it if the start is refused.
    this.served.catch(() => {})
    if (signal?.aborted === true) {
      this.#onAbort()
      return
    }
    // Not before: a start that is refused or aborted before it begins has nothing to close.
    this.#onFailed = onFailed
    signal?.addEventListener('abort', this.#onAbort)
    if (deadlineMs === undefined) return
    this.#timer = clock.setTimeout(() => {
      // A secret is asked for only once the source has answered.
      const isSecret = this.#awaited?.code === 'secret.unreachable'
      const cause = isSecret ? this.#awaited : (lastError() ?? this.#awaited)
      // The error shows one message only, so that one has to say why.
      const because = cause === undefined ? '' : `: ${cause.message}`
      const timedOut = failure('reloader.start-timeout', { detail: `${deadlineMs} ms${because}` })
      this.fail(new ChangeoverError(timedOut, cause === undefined ? [] : [cause]))
    }, deadlineMs)
  }

  /** True from the first commit that soaks or has held. */
  get hasServed(): boolean {
    return this.#hasServed
  }

  serve(): void {
    this.#hasServed = true
    this.#end()
    this.#resolve()
  }

  fail(error: Error): void {
    if (this.#hasEnded) return
    this.#end()
    this.#reject(error)
    this.#onFailed()
  }

  /**
   * Fails the start for a bad document; not for an unreachable source or secret or a superseded document.
   *
   * @param goesOn the record does not decide about the start
   */
  settleStart(record: TransactionRecord, goesOn: boolean): void {
    if (!('failures' in record) || record.revision === undefined) return
    const [first, ...rest] = record.failures
    const isMissing = this.#waitsForDocument && first.code === 'document.missing'
    if (isMissing || record.failures.every(({ code }) => code === 'secret.unreachable')) this.#awaited = first
    else if (!goesOn) this.fail(new ChangeoverError(first, rest))
  }

  readonly #onAbort = (): void => this.fail(changeoverError('reloader.start-aborted'))

  #end(): void {
    this.#hasEnded = true
    this.#clock.clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}
