import { changeoverError, type ErrorCode } from '../model/failure.ts'
import type { TransactionRecord, Trigger } from '../model/record.ts'

interface PendingCall {
  /** What begins the transaction that is waited for; undefined where that runs already. */
  readonly trigger: Trigger | undefined
  /** The transaction that answers it; unknown until it begins. */
  epoch: number | undefined
  readonly resolve: (record: TransactionRecord) => void
  readonly reject: (error: Error) => void
}

/** Calls that are answered by the terminal record of a transaction. */
export class PendingCalls {
  readonly #waiters = new Set<PendingCall>()

  /** The record of the first transaction of this kind that begins from now on. */
  next(trigger: Trigger): Promise<TransactionRecord> {
    return this.#wait(trigger, undefined)
  }

  /** The record of the transaction that runs. */
  running(epoch: number): Promise<TransactionRecord> {
    return this.#wait(undefined, epoch)
  }

  /** A transaction begins: it answers the calls for its kind so far. */
  claim(epoch: number, trigger: Trigger): void {
    for (const waiter of this.#waiters) if (waiter.trigger === trigger) waiter.epoch ??= epoch
  }

  answer(record: TransactionRecord): void {
    for (const waiter of this.#waiters) {
      if (waiter.epoch !== record.epoch) continue
      this.#waiters.delete(waiter)
      waiter.resolve(record)
    }
  }

  /** Rejects the calls that no transaction will answer: all, or those of one kind that has not begun. */
  reject(code: ErrorCode, trigger?: Trigger): void {
    for (const waiter of this.#waiters) {
      if (trigger !== undefined && (waiter.trigger !== trigger || waiter.epoch !== undefined)) continue
      this.#waiters.delete(waiter)
      waiter.reject(changeoverError(code))
    }
  }

  #wait(trigger: Trigger | undefined, epoch: number | undefined): Promise<TransactionRecord> {
    return new Promise((resolve, reject) => this.#waiters.add({ trigger, epoch, resolve, reject }))
  }
}
