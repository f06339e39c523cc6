/** Bounds what `queue` adds while the consumer takes nothing. */
const MAX_WAITING = 10_000

/** Passes values to one consumer that may be slow. Of the values that were put and not taken yet, it keeps the newest. */
export class LatestValue<T> {
  #waiting: { readonly value: T; readonly isReplaceable: boolean }[] = []
  #failure: Error | undefined
  #isEnded = false
  #wake: () => void = () => undefined

  /** Adds a value; it replaces the value put before, if that one has not been taken. */
  put(value: T): void {
    if (this.#isOver) return
    this.#waiting = this.#waiting.filter(({ isReplaceable }) => !isReplaceable)
    this.#add(value, true)
  }

  /** Adds a value that no other replaces. @throws RangeError if 10,000 values wait to be taken */
  queue(value: T): void {
    if (this.#waiting.length >= MAX_WAITING) throw new RangeError(`more than ${MAX_WAITING} values wait to be taken`)
    this.#add(value, false)
  }

  /** Makes `take` throw once it has returned what waits now. Only the first error counts. */
  fail(error: Error): void {
    this.#failure ??= error
    this.#wake()
  }

  /** Drops what waits, and any failure. */
  end(): void {
    this.#isEnded = true
    this.#waiting = []
    this.#wake()
  }

  /** Waits for the next value; returns undefined after `end`. Only one call may wait at a time. */
  async take(): Promise<T | undefined> {
    for (;;) {
      if (this.#isEnded) return undefined
      const next = this.#waiting.shift()
      if (next !== undefined) return next.value
      if (this.#failure !== undefined) throw this.#failure
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** What is put after a failure or the end is not taken any more, and must not replace what still is. */
  get #isOver(): boolean {
    return this.#isEnded || this.#failure !== undefined
  }

  #add(value: T, isReplaceable: boolean): void {
    if (this.#isOver) return
    this.#waiting.push({ value, isReplaceable })
    this.#wake()
  }
}
