import { changeoverError, type ErrorCode } from '../model/failure.ts'
import type { TransactionRecord, Trigger } from '../model/record.ts'

interface PendingCall {
  /** What begins the transaction that answers it; undefined if that runs already. */
  readonly trigger: Trigger | undefined
  /** The transaction that answers it; undefined until it begins. */
  epoch: number | undefined
  readonly resolve: (record: TransactionRecord) => void
  readonly reject: (error: Error) => void
}

/** The calls that wait for the terminal record of a transaction. */
export class PendingCalls {
  readonly #calls = new Set<PendingCall>()

  /** Resolves with the record of the first transaction of this kind that begins from now on. */
  next(trigger: Trigger): Promise<TransactionRecord> {
    return this.#add(trigger, undefined)
  }

  /** Resolves with the record of the running transaction. */
  running(epoch: number): Promise<TransactionRecord> {
    return this.#add(undefined, epoch)
  }

  /** A transaction begins: it will answer the calls for its kind so far. */
  claim(epoch: number, trigger: Trigger): void {
    for (const call of this.#calls) if (call.trigger === trigger) call.epoch ??= epoch
  }

  /** True if a call waits for a transaction of this kind that has not begun. */
  isWaiting(trigger: Trigger): boolean {
    return [...this.#calls].some((call) => call.trigger === trigger && call.epoch === undefined)
  }

  answer(record: TransactionRecord): void {
    for (const call of this.#calls) {
      if (call.epoch !== record.epoch) continue
      this.#calls.delete(call)
      call.resolve(record)
    }
  }

  /** Rejects the calls that no transaction will answer: all, or those of one kind that has not begun. */
  reject(code: ErrorCode, trigger?: Trigger): void {
    for (const call of this.#calls) {
      if (trigger !== undefined && (call.trigger !== trigger || call.epoch !== undefined)) continue
      this.#calls.delete(call)
      call.reject(changeoverError(code))
    }
  }

  #add(trigger: Trigger | undefined, epoch: number | undefined): Promise<TransactionRecord> {
    return new Promise((resolve, reject) => this.#calls.add({ trigger, epoch, resolve, reject }))
  }
}
