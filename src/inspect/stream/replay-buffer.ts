import { formatFrame } from './sse-connection.ts'

interface Entry {
  readonly id: number
  /** Of the entries with one key, only the last is replayed. */
  readonly key: string | undefined
  readonly frame: string
}

const MAX_ENTRIES = 2_000
const MAX_CHARACTERS = 4_194_304

/** Keeps the latest events for pages that reconnect. */
export class ReplayBuffer {
  #entries: Entry[] = []
  #characters = 0
  #lastId = 0
  /** The buffer has every event after this one. */
  #completeAfter = 0

  get lastId(): number {
    return this.#lastId
  }

  /** Adds an event and returns its frame. */
  push(event: string, key: string | undefined, data: unknown): string {
    this.#lastId += 1
    const frame = formatFrame(this.#lastId, event, data)
    this.#entries.push({ id: this.#lastId, key, frame })
    this.#characters += frame.length
    while (this.#entries.length > MAX_ENTRIES || this.#characters > MAX_CHARACTERS) this.#dropOldest()
    return frame
  }

  /** Returns the frames that followed an event, or undefined if some of them are gone. */
  framesAfter(id: number): readonly string[] | undefined {
    if (!Number.isSafeInteger(id) || id < this.#completeAfter || id > this.#lastId) return undefined
    const missed = this.#entries.filter((entry) => entry.id > id)
    const last = new Map(missed.map((entry) => [entry.key ?? entry.id, entry]))
    return missed.filter((entry) => last.get(entry.key ?? entry.id) === entry).map(({ frame }) => frame)
  }

  /** Marks a gap: no stream can resume from an earlier event. */
  markGap(): void {
    this.#lastId += 1
    this.#completeAfter = this.#lastId
    this.#entries = []
    this.#characters = 0
  }

  #dropOldest(): void {
    const dropped = this.#entries.shift()
    if (dropped === undefined) return
    this.#characters -= dropped.frame.length
    this.#completeAfter = dropped.id
  }
}
