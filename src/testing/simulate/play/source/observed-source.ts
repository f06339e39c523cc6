import type { ReadResult, Source, SourceEvent } from '../../../../api/source.ts'
import type { Revision } from '../../../../model/revision.ts'
import type { Scenario } from '../../scenario/scenario.ts'
import { never, type SimulatedProcess } from '../process.ts'

/** What a scenario says of its source. */
type Habits = Pick<Scenario, 'announces' | 'readMs'>

/** The source as one process sees it, which counts what the process holds of it. */
export class ObservedSource {
  readonly #source: Source
  readonly #habits: Habits
  readonly #process: SimulatedProcess
  readonly #watches = new Set<AbortSignal>()

  constructor(source: Source, habits: Habits, process: SimulatedProcess) {
    this.#source = source
    this.#habits = habits
    this.#process = process
  }

  /** The number of watches that were opened and neither broke nor were aborted. */
  get openWatches(): number {
    return this.#watches.size
  }

  /** Reads what the source holds now, and answers when a read takes no longer. */
  async read(signal: AbortSignal, onAnswered: () => boolean): Promise<ReadResult> {
    const { readMs } = this.#habits
    const result = await this.#source.read(signal)
    const isAlive = onAnswered()
    if (readMs !== undefined) await this.#process.sleep(readMs)
    return isAlive ? result : never<ReadResult>()
  }

  readonly watch = (after: Revision, signal: AbortSignal): AsyncIterable<SourceEvent> => {
    const end = (): void => void this.#watches.delete(signal)
    this.#watches.add(signal)
    signal.addEventListener('abort', end, { once: true })
    return this.#events(this.#source.watch(after, signal), end)
  }

  async *#events(events: AsyncIterable<SourceEvent>, end: () => void): AsyncGenerator<SourceEvent, void, undefined> {
    try {
      for await (const event of events) {
        if (this.#process.isDead) return
        yield this.#habits.announces === true && event.kind !== 'opened' ? { kind: 'changed' } : event
      }
    } finally {
      end()
    }
  }
}
