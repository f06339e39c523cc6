import { type Clock, systemClock } from '../api/clock.ts'
import { CLOSE_DEADLINE_MS } from '../api/option-table.ts'
import type { Reloader } from '../api/reloader.ts'
import { checkMs, invalidOption } from '../model/option-checks.ts'
import { type ClosableServer, closeServer } from './close-server.ts'

/** Options of {@link closeOnSignals}. */
export interface CloseOnSignalsOptions {
  /** Stops accepting connections and answers the requests it has, before the reloader closes. @default none */
  readonly server?: ClosableServer
  /** Called after the reloader has closed, for what its modules used. @default none */
  readonly onClosed?: () => Promise<unknown> | unknown
  /** How long all of this may take, in milliseconds; then the process ends with exit code 1. @default 25000 */
  readonly timeoutMs?: number
}

/** Removes the handlers. */
export type RemoveSignalHandlers = (() => void) & Disposable

/** What ends a process, and the exit code of one that a signal has ended at once. */
const endingSignals = { SIGINT: 130, SIGTERM: 143, SIGUSR2: 140 } as const
type EndingSignal = keyof typeof endingSignals
const signals = Object.keys(endingSignals) as EndingSignal[]

/** Share of the time after which the connections that are left are cut. */
const SERVER_SHARE = 0.5
/** A signal that comes twice within this time is one, such as a Ctrl-C that npm passes on to a process which has it already. */
const REPEATED_MS = 10

/** Those that must have closed before the process ends. */
const closers = new Set<SignalCloser>()
/** Their handlers, to tell them from other listeners. */
const handlers = new WeakSet<object>()
/** Reloaders whose process ends. */
const ending = new WeakSet<object>()

/** A start that a signal has ended stays pending: the process ends, and an error would be reported as its reason. */
export const unlessEnding = (reloader: object, started: Promise<void>): Promise<void> =>
  started.catch((error: unknown) => {
    if (ending.has(reloader)) return new Promise(() => {})
    throw error
  })

/**
 * Closes on SIGTERM and SIGINT: first the server, then the reloader, then the process ends with exit code 0. A second
 * signal ends it at once. SIGUSR2, by which nodemon restarts a process, does the same unless something else listens to
 * it. A `start` that waits then never settles. SIGHUP reads the config again. With several reloaders the process ends
 * once all of them have closed. Returns the function that removes the handlers.
 *
 * @throws ChangeoverError `reloader.invalid-option`
 *
 * @example
 * ```ts
 * const server = createServer(handle)
 * closeOnSignals(reloader, { server })
 * await reloader.start()
 * server.listen(8080)
 * ```
 */
export const closeOnSignals = (
  reloader: Pick<Reloader<never>, 'close' | 'reload'>,
  options: CloseOnSignalsOptions = {},
): RemoveSignalHandlers => {
  const { server, onClosed, timeoutMs = CLOSE_DEADLINE_MS } = options
  checkMs('timeoutMs', timeoutMs, 1)
  if (server !== undefined && typeof server.close !== 'function')
    throw invalidOption('server must have a function close')
  if (onClosed !== undefined && typeof onClosed !== 'function') throw invalidOption('onClosed must be a function')
  const closer = new SignalCloser(reloader, options, timeoutMs, systemClock)
  closer.listen()
  return Object.assign(() => closer.remove(), { [Symbol.dispose]: () => closer.remove() })
}

class SignalCloser {
  readonly #reloader: Pick<Reloader<never>, 'close' | 'reload'>
  readonly #options: CloseOnSignalsOptions
  readonly #timeoutMs: number
  readonly #clock: Clock
  #phase: 'open' | 'signalled' | 'closing' = 'open'
  #exitCode = 0

  constructor(
    reloader: Pick<Reloader<never>, 'close' | 'reload'>,
    options: CloseOnSignalsOptions,
    timeoutMs: number,
    clock: Clock,
  ) {
    this.#reloader = reloader
    this.#options = options
    this.#timeoutMs = timeoutMs
    this.#clock = clock
  }

  listen(): void {
    closers.add(this)
    handlers.add(this.#onSignal)
    for (const signal of signals) process.on(signal, this.#onSignal)
    process.on('SIGHUP', this.#onHangUp)
  }

  /** A close that has begun goes on, and the process ends after it. */
  remove(): void {
    if (this.#phase === 'open') closers.delete(this)
    for (const signal of signals) process.off(signal, this.#onSignal)
    process.off('SIGHUP', this.#onHangUp)
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // A listener of the service, or of an option of Node, uses it for something else.
    const isOwn = signal !== 'SIGUSR2' || process.listeners(signal).every((listener) => handlers.has(listener))
    if (!isOwn) return
    if (this.#phase === 'open') {
      this.#phase = 'signalled'
      ending.add(this.#reloader)
      // A timer and not a comparison of times: signals that wait together are handled before any timer.
      this.#clock.setTimeout(() => {
        this.#phase = 'closing'
      }, REPEATED_MS)
      void this.#close(signal as EndingSignal)
    } else if (this.#phase === 'closing') endBy(signal as EndingSignal)
  }

  readonly #onHangUp = (): void => {
    // The reloader logs why it refuses a call.
    if (this.#phase === 'open') this.#reloader.reload().catch(() => {})
  }

  async #close(signal: EndingSignal): Promise<void> {
    const until = this.#clock.monotonic() + this.#timeoutMs
    const overdue = this.#clock.setTimeout(() => this.#end(signal, 1), this.#timeoutMs)
    const { server, onClosed } = this.#options
    if (server !== undefined) await closeServer(server, this.#timeoutMs * SERVER_SHARE, this.#clock)
    const deadlineMs = Math.max(1, (until - this.#clock.monotonic()) * (onClosed === undefined ? 0.95 : 0.8))
    await this.#attempt(() => this.#reloader.close({ deadlineMs }))
    if (onClosed !== undefined) await this.#attempt(onClosed)
    this.#clock.clearTimeout(overdue)
    this.#end(signal, 0)
  }

  async #attempt(step: () => unknown): Promise<void> {
    try {
      await step()
    } catch {
      this.#exitCode = 1
    }
  }

  /** Ends the process, unless another reloader is still closing. */
  #end(signal: EndingSignal, exitCode: number): void {
    this.#exitCode = Math.max(this.#exitCode, exitCode)
    closers.delete(this)
    process.exitCode = Math.max(Number(process.exitCode ?? 0), this.#exitCode)
    if (closers.size > 0) return
    // nodemon starts the process again only if its own signal has ended it.
    if (signal === 'SIGUSR2') endBy(signal)
    process.exit()
  }
}

/** Ends the process as the signal would. The first process of a container is not ended by a signal that it sends itself. */
const endBy = (signal: EndingSignal): void => {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  process.exit(endingSignals[signal])
}
