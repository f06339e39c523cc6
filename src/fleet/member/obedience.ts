import type { Reloader } from '../../api/reloader.ts'
import { isChangeoverError } from '../../model/failure.ts'
import type { TransactionRecord } from '../../model/record.ts'
import {
  answerName,
  decodeCommand,
  encodeAnswer,
  type FleetAnswer,
  type FleetCommand,
  proposalName,
} from '../fleet-command.ts'
import type { FleetStore } from '../fleet-store.ts'
import { trialRefusal } from './trial-refusal.ts'

/** How many commands are remembered, so that none is obeyed twice. */
const MAX_REMEMBERED = 1_000

/** What of an instance the commands need. */
export interface Obedient {
  readonly id: () => string
  /** The lease under which answers are kept. */
  readonly lease: () => string | undefined
  readonly obeys: boolean
  readonly reloader: Pick<Reloader<object>, 'freeze' | 'unfreeze' | 'retry' | 'confirm' | 'plan' | 'status'>
}

/** Carries commands out, each once, and answers them. */
export class Obedience {
  readonly #store: FleetStore
  readonly #instance: Obedient
  readonly #seen = new Set<string>()

  constructor(store: FleetStore, instance: Obedient) {
    this.#store = store
    this.#instance = instance
  }

  /** Reads the commands, and starts those that are new. Resolves once they are answered. */
  async obey(signal: AbortSignal): Promise<void> {
    const { entries } = await this.#store.list('commands/', signal)
    const commands = entries.flatMap(({ text }) => decodeCommand(text) ?? [])
    const fresh = commands.filter(({ id, to }) => to.includes(this.#instance.id()) && !this.#seen.has(id))
    await Promise.all(fresh.map((command) => this.#carryOut(command, signal)))
  }

  async #carryOut(command: FleetCommand, signal: AbortSignal): Promise<void> {
    this.#remember(command.id)
    const result = await this.#act(command, signal).catch(failed)
    const lease = this.#instance.lease()
    if (lease === undefined) return
    const answer: FleetAnswer = { command: command.id, instance: this.#instance.id(), ...result }
    const name = answerName(command.id, answer.instance)
    await this.#store.write({ expect: {}, put: { [name]: encodeAnswer(answer) }, lease }, signal)
  }

  async #act(command: FleetCommand, signal: AbortSignal): Promise<Result> {
    const { reloader, obeys } = this.#instance
    if (command.action === 'preflight') return this.#preflight(command, signal)
    if (!obeys) return { isDone: false, code: 'fleet.not-allowed' }
    switch (command.action) {
      case 'freeze':
        await reloader.freeze(command.reason ?? '', { by: command.by })
        return { isDone: true }
      case 'unfreeze':
        await reloader.unfreeze()
        return { isDone: true }
      case 'retry':
        return resultOf(await reloader.retry())
      case 'confirm':
        return resultOf(await reloader.confirm(reloader.status().confirmation?.transaction ?? ''))
    }
  }

  async #preflight({ id }: FleetCommand, signal: AbortSignal): Promise<Result> {
    const { reloader } = this.#instance
    const refusal = trialRefusal(this.#store, reloader.status())
    if (refusal !== undefined) return { isDone: false, code: refusal }
    const { entries } = await this.#store.list(proposalName(id), signal)
    const [proposal] = entries
    if (proposal === undefined) return { isDone: false, code: 'fleet.proposal-missing' }
    const { verdict, failures } = await reloader.plan(proposal.text, { prepare: true })
    const isAccepted = verdict === 'changes' || verdict === 'unchanged'
    return { isDone: isAccepted, outcome: verdict, ...(isAccepted ? {} : reasonOf(failures[0])) }
  }

  #remember(id: string): void {
    this.#seen.add(id)
    const [oldest] = this.#seen
    if (oldest !== undefined && this.#seen.size > MAX_REMEMBERED) this.#seen.delete(oldest)
  }
}

type Result = Omit<FleetAnswer, 'command' | 'instance'>

const resultOf = (record: TransactionRecord): Result => {
  const isDone = record.outcome === 'committed' || record.outcome === 'unchanged'
  return { isDone, outcome: record.outcome, ...('failures' in record ? reasonOf(record.failures[0]) : {}) }
}

const failed = (error: unknown): Result => ({
  isDone: false,
  ...(isChangeoverError(error) ? reasonOf(error.failures[0]) : { code: 'internal.error' }),
})

const reasonOf = (
  failure: { readonly code: string; readonly message: string; readonly module?: string | undefined } | undefined,
) =>
  failure === undefined
    ? {}
    : {
        code: failure.code,
        message: failure.message,
        ...(failure.module === undefined ? {} : { module: failure.module }),
      }
