import type { ChannelMessages, PhaseMessage } from '../api/channels.ts'
import type { ReloaderEvent } from '../api/internal/observation.ts'
import type { SourceStatus } from '../api/status.ts'
import { type Failure, failure, type Phase } from '../model/failure.ts'
import { guardedChannel, publishTo } from './guarded-channel.ts'
import type { Transaction } from './transaction.ts'

/** Held here, since Node forgets a channel that has no subscriber. */
const channels = {
  'changeover:transaction': guardedChannel('changeover:transaction'),
  'changeover:phase': guardedChannel('changeover:phase'),
  'changeover:source': guardedChannel('changeover:source'),
  'changeover:state': guardedChannel('changeover:state'),
} as const satisfies Record<keyof ChannelMessages, unknown>

/**
 * Publishes what happens in one reloader on the channels of `node:diagnostics_channel`. A message is built only if the
 * channel has a subscriber (bench: metrics).
 */
export class Channels {
  readonly #reloader: string
  readonly #now: () => number
  #report: (failure: Failure) => void = () => {}

  constructor(reloader: string, now: () => number) {
    this.#reloader = reloader
    this.#now = now
  }

  /** Takes what hears of subscribers that throw. */
  reportTo(report: (failure: Failure) => void): void {
    this.#report = report
  }

  get areTransactionsHeard(): boolean {
    return channels['changeover:transaction'].hasSubscribers
  }

  /** Publishes an event. The differences of a plan may hold values of public paths, and stay out: see `planned`. */
  announce(event: ReloaderEvent): void {
    switch (event.kind) {
      case 'began':
        if (this.areTransactionsHeard) this.#publish('changeover:transaction', this.#of(event))
        return
      case 'record': {
        if (!this.areTransactionsHeard) return
        const { record } = event
        const reloader = this.#reloader
        return this.#publish('changeover:transaction', { kind: 'ended', reloader, transaction: record.id, record })
      }
      case 'reported':
        if (this.#isStateHeard) this.#publish('changeover:state', this.#of(event))
        return
      case 'closed':
        if (this.#isStateHeard) this.#publish('changeover:state', this.#of({ kind: 'closed', at: this.#now() }))
        return
      default: // plans and phases have methods of their own
    }
  }

  planned(transaction: Pick<Transaction, 'id' | 'snapshot' | 'plan' | 'timings'>): void {
    if (!this.areTransactionsHeard) return
    const { id, snapshot, plan, timings } = transaction
    if (snapshot === undefined) return
    this.#publish('changeover:transaction', {
      kind: 'planned',
      reloader: this.#reloader,
      transaction: id,
      // Not the digest, which is first needed after the commit.
      revision: snapshot.revision,
      modules: Array.from(plan.values(), ({ module, change }) => ({ module: module.name, change })),
      atMs: timings.elapsedMs(),
    })
  }

  phase(transaction: string, module: string, phase: Phase, startMs: number, ended: PhaseMessage['ended']): void {
    if (!channels['changeover:phase'].hasSubscribers) return
    const reloader = this.#reloader
    const message: PhaseMessage =
      ended === undefined
        ? { kind: 'began', reloader, transaction, module, phase, startMs }
        : { kind: 'ended', reloader, transaction, module, phase, startMs, ended }
    this.#publish('changeover:phase', message)
  }

  /** The watch machine has entered a state. */
  sourceEntered(statusOf: () => SourceStatus): void {
    if (!channels['changeover:source'].hasSubscribers) return
    const { name, state, since, revision, lastError } = statusOf()
    const code = state === 'backing-off' ? lastError?.code : undefined
    const facts = { ...(revision === undefined ? {} : { revision }), ...(code === undefined ? {} : { code }) }
    this.#publish('changeover:source', this.#of({ kind: 'entered', source: name, state, at: since, ...facts }))
  }

  /** The reload machine has entered a state. */
  stateEntered(state: string, at: number): void {
    if (!this.#isStateHeard) return
    this.#publish('changeover:state', { kind: 'entered', reloader: this.#reloader, state, at })
  }

  frozen(isFrozen: boolean): void {
    if (!this.#isStateHeard) return
    this.#publish('changeover:state', this.#of({ kind: isFrozen ? 'frozen' : 'unfrozen', at: this.#now() }))
  }

  get #isStateHeard(): boolean {
    return channels['changeover:state'].hasSubscribers
  }

  #of<const Message extends object>(message: Message): Message & { readonly reloader: string } {
    return { ...message, reloader: this.#reloader }
  }

  #publish<Name extends keyof ChannelMessages>(name: Name, message: ChannelMessages[Name]): void {
    publishTo(channels[name], message, (error) =>
      this.#report(failure('listener.failed', { detail: `a subscriber of ${name}` }, error)),
    )
  }
}
