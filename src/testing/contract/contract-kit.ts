import assert from 'node:assert/strict'
import { systemClock } from '../../api/clock.ts'
import type { Document, ReadResult, Source, SourceEvent } from '../../api/source.ts'
import { sleep } from '../../async/deadline.ts'
import { toReadResult, toSourceEvent } from '../../intake/read-result.ts'
import { RevisionGuard } from '../../intake/revision-guard.ts'
import type { Revision } from '../../model/revision.ts'
import type { SourceAbility, SourceSetup } from './source-setup.ts'

/** How often a condition is checked, in milliseconds. */
const POLL_MS = 5

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal

/** A watch whose events are taken as fast as it reports them. */
export interface Follower {
  readonly events: readonly SourceEvent[]
  /** Undefined while the watch runs; then `end`, or what it threw. */
  readonly outcome: () => unknown
  readonly stop: () => void
}

/** What a case of the contract works with: a fresh source, and how to read, follow and wait. */
export class ContractKit {
  readonly setup: SourceSetup
  readonly #timeoutMs: number
  readonly #ends: (() => unknown)[] = []
  readonly #guard = new RevisionGuard()
  #isClosed = false

  constructor(setup: SourceSetup, timeoutMs: number) {
    this.setup = setup
    this.#timeoutMs = timeoutMs
  }

  get source(): Source {
    return this.setup.source
  }

  /** Calls a function that the setup may lack. */
  async can(ability: SourceAbility): Promise<void> {
    const act = this.setup[ability]
    assert.ok(act !== undefined, `the setup has no ${ability}: add it, or name it in the option lacks`)
    await act()
  }

  /** Reads, and checks that the answer has the right form and contradicts no earlier one. */
  async read(): Promise<ReadResult> {
    const mark = this.#guard.mark()
    const result = toReadResult(await this.within(this.source.read(never), 'a read settles'))
    const judged = this.#guard.judgeRead(result, mark)
    assert.ok(judged.kind === 'found', 'a read has found what another read had replaced')
    assert.equal(judged.breach, undefined, `a read broke the contract: ${judged.breach}`)
    assert.notEqual(judged.isOlder, true, 'a read has found an older document than the read before')
    return result
  }

  async readDocument(): Promise<Document> {
    const found = await this.read()
    assert.equal(found.kind, 'document', 'a read finds the document that was put')
    return found as Document
  }

  /** Opens a watch and waits until it has reported `opened`. */
  async watch(after: Revision): Promise<Follower> {
    const follower = this.follow(after)
    await this.until(() => follower.events.length > 0 || follower.outcome() !== undefined, 'the watch reports opened')
    assert.equal(follower.outcome(), undefined, 'the watch stays open')
    assert.deepEqual(follower.events[0], { kind: 'opened' }, 'the watch reports opened first')
    return follower
  }

  /** Opens a watch after what a read finds now. */
  async start(): Promise<{ readonly follower: Follower; readonly found: ReadResult }> {
    const found = await this.read()
    return { follower: await this.watch(found.revision), found }
  }

  /** Opens a watch, without waiting for `opened`. It ends with the case. */
  follow(after: Revision): Follower {
    const controller = new AbortController()
    const events: SourceEvent[] = []
    let outcome: unknown
    const run = async (): Promise<void> => {
      try {
        for await (const event of this.source.watch(after, controller.signal)) events.push(toSourceEvent(event))
        outcome = 'end'
      } catch (error) {
        outcome = error ?? 'nothing'
      }
    }
    void run()
    const stop = (): void => controller.abort()
    this.onEnd(stop)
    return { events, outcome: () => outcome, stop }
  }

  /** True if `text` was reported last, or if a change was and a read finds `text`. `undefined`: no document. */
  async knows(events: readonly SourceEvent[], text: string | undefined): Promise<boolean> {
    const last = events.findLast((event) => event.kind !== 'opened')
    if (last === undefined) return false
    const found = last.kind === 'changed' ? await this.read() : last
    return text === undefined ? found.kind === 'missing' : textOf(found) === text
  }

  learns(follower: Follower, text: string | undefined): Promise<void> {
    const what = text === undefined ? 'the watch reports that the document was removed' : `the watch reports ${text}`
    return this.until(() => {
      assert.equal(follower.outcome(), undefined, `${what}, and stays open`)
      return this.knows(follower.events, text)
    }, what)
  }

  /** Waits until a condition holds. An error of the condition ends the wait. */
  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const start = systemClock.monotonic()
    while (!(await this.within(Promise.resolve(condition()), what))) {
      const waitedMs = systemClock.monotonic() - start
      assert.ok(waitedMs < this.#timeoutMs, `${what}: not within ${this.#timeoutMs} ms`)
      await sleep(systemClock, POLL_MS, never)
    }
  }

  /** Waits for what a source may never settle. */
  async within<T>(work: Promise<T>, what: string): Promise<T> {
    const settled = new AbortController()
    const late = sleep(systemClock, this.#timeoutMs, settled.signal).then(() => {
      if (!settled.signal.aborted) assert.fail(`${what}: not within ${this.#timeoutMs} ms`)
    })
    try {
      return await Promise.race([work, late.then(() => work)])
    } finally {
      settled.abort()
    }
  }

  /** Opens a watch whose events are taken one by one. */
  async take(after: Revision): Promise<() => Promise<SourceEvent | undefined>> {
    const controller = new AbortController()
    this.onEnd(() => controller.abort())
    const iterator = this.source.watch(after, controller.signal)[Symbol.asyncIterator]()
    const next = async (): Promise<SourceEvent | undefined> =>
      (await this.within(iterator.next(), 'the watch reports')).value ?? undefined
    assert.deepEqual(await next(), { kind: 'opened' }, 'the watch reports opened first')
    return next
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.within(Promise.resolve(this.source.close?.()), 'close settles')
  }

  /** Calls back when the case has ended, however it has ended. */
  onEnd(end: () => unknown): void {
    this.#ends.push(end)
  }

  /** Aborts the signals of all watches. */
  async endWatches(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end()
  }

  /** Ends whatever the case has left open. */
  async end(): Promise<void> {
    await this.endWatches()
    await this.close()
    await this.setup.dispose?.()
  }
}

/** The text of a document; undefined for anything else. */
export const textOf = (event: SourceEvent | undefined): string | undefined =>
  event?.kind === 'document' ? decode(event.content) : undefined

export const decode = (content: string | Uint8Array): string =>
  typeof content === 'string' ? content : new TextDecoder().decode(content)
