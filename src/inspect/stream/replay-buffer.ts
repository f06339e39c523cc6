import { formatFrame } from './sse-connection.ts'

const MAX_ENTRIES = 2_000
const MAX_CHARACTERS = 4_194_304

/** Keeps the latest events for pages that reconnect. */
export class ReplayBuffer {
  /** Of the entries with one key, only the last is replayed. */
  #entries: { readonly id: number; readonly key: string | number; readonly frame: string }[] = []
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
    this.#entries.push({ id: this.#lastId, key: key ?? this.#lastId, frame })
    this.#characters += frame.length
    while (this.#entries.length > MAX_ENTRIES || this.#characters > MAX_CHARACTERS) {
      const dropped = this.#entries.shift()
      this.#characters -= dropped?.frame.length ?? 0
      this.#completeAfter = dropped?.id ?? this.#lastId
    }
    return frame
  }

  /** Returns the frames that followed an event, or undefined if the id is invalid or some of them are gone. */
  framesAfter(eventId = ''): readonly string[] | undefined {
    const after = /^\d{1,15}$/.test(eventId) ? Number(eventId) : -1
    if (after < this.#completeAfter || after > this.#lastId) return undefined
    const missed = this.#entries.filter(({ id }) => id > after)
    const last = new Map(missed.map((entry) => [entry.key, entry]))
    return missed.filter((entry) => last.get(entry.key) === entry).map(({ frame }) => frame)
  }

  /** Marks a gap: no stream can resume from an earlier event. */
  markGap(): void {
    this.#lastId += 1
    this.#completeAfter = this.#lastId
    this.#entries = []
    this.#characters = 0
  }
}
