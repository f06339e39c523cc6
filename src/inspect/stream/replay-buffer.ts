import { frameOf } from './sse-connection.ts'

interface Entry {
  readonly id: number
  /** Of entries with one key only the last says anything. */
  readonly key: string | undefined
  readonly frame: string
}

const MAX_ENTRIES = 2_000
const MAX_CHARACTERS = 4_194_304

/** The last events, for a page whose connection broke. */
export class Ring {
  #entries: Entry[] = []
  #characters = 0
  #lastId = 0
  /** All events after this one are here. */
  #completeFrom = 0

  get lastId(): number {
    return this.#lastId
  }

  push(event: string, key: string | undefined, data: unknown): string {
    this.#lastId += 1
    const frame = frameOf(this.#lastId, event, JSON.stringify(data))
    this.#entries.push({ id: this.#lastId, key, frame })
    this.#characters += frame.length
    while (this.#entries.length > MAX_ENTRIES || this.#characters > MAX_CHARACTERS) this.#drop()
    return frame
  }

  /** What came after an event; undefined where some of it is gone. */
  after(id: number): readonly string[] | undefined {
    if (!Number.isSafeInteger(id) || id < this.#completeFrom || id > this.#lastId) return undefined
    const missed = this.#entries.filter((entry) => entry.id > id)
    const last = new Map(missed.map((entry) => [entry.key ?? entry.id, entry]))
    return missed.filter((entry) => last.get(entry.key ?? entry.id) === entry).map(({ frame }) => frame)
  }

  /** From here on something is missed: nobody can go on from before. */
  interrupt(): void {
    this.#lastId += 1
    this.#completeFrom = this.#lastId
    this.#entries = []
    this.#characters = 0
  }

  #drop(): void {
    const dropped = this.#entries.shift()
    if (dropped === undefined) return
    this.#characters -= dropped.frame.length
    this.#completeFrom = dropped.id
  }
}
