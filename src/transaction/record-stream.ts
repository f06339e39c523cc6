import type { TransactionRecord } from '../model/record.ts'

/** Records kept for a slow consumer; beyond it the oldest are dropped. */
const MAX_WAITING = 1_000

/** Streams the records as they are written, to one consumer. */
export class RecordStream implements AsyncIterableIterator<TransactionRecord> {
  readonly #waiting: TransactionRecord[] = []
  readonly #takers: ((result: IteratorResult<TransactionRecord>) => void)[] = []
  readonly #onEnd: () => void
  readonly #signal: AbortSignal | undefined
  #isEnded = false

  constructor(onEnd: () => void, signal?: AbortSignal) {
    this.#onEnd = onEnd
    this.#signal = signal
    if (signal?.aborted === true) this.#isEnded = true
    else signal?.addEventListener('abort', this.#stop)
  }

  push(record: TransactionRecord): void {
    if (this.#isEnded) return
    const taker = this.#takers.shift()
    if (taker !== undefined) return taker({ value: record, done: false })
    this.#waiting.push(record)
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift()
  }

  /** Ends the stream once the waiting records have been taken. */
  end(): void {
    this.#isEnded = true
    this.#signal?.removeEventListener('abort', this.#stop)
    for (const taker of this.#takers.splice(0)) taker({ value: undefined, done: true })
  }

  next(): Promise<IteratorResult<TransactionRecord>> {
    const record = this.#waiting.shift()
    if (record !== undefined) return Promise.resolve({ value: record, done: false })
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  return(): Promise<IteratorResult<TransactionRecord>> {
    this.#stop()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  readonly #stop = (): void => {
    this.#waiting.length = 0
    this.end()
    this.#onEnd()
  }
}
