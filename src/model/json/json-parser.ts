import { copyCounted } from '../data/count-members.ts'
import { findJsonFlaw, parseJson, type ParsedJson } from './json.ts'
import { changedJson, type KnownJson } from './json-change.ts'
import { scanJson } from './json-scan.ts'

/**
 * Parses the texts of one document, one after the other, as `parseJson` does. Of a long text that differs little from the
 * one before only the part that differs is parsed, and the rest is copied, since a value may be changed by whoever gets
 * it: that takes a sixth of the time (bench: noop).
 */
export class JsonParser {
  readonly #shortest: number
  #last: KnownJson | undefined

  /** @param shortest how many characters a text has that is kept with its value, to be compared with the next one */
  constructor(shortest = 16_384) {
    this.#shortest = shortest
  }

  /** @throws whatever `parseJson` throws */
  readonly parse = (text: string): ParsedJson => {
    if (text.length >= this.#shortest) return this.#parseLong(text)
    this.#last = undefined
    return parseJson(text)
  }

  #parseLong(text: string): ParsedJson {
    const changed = this.#last && changedJson(this.#last, text, this.#shortest)
    if (changed !== undefined) {
      const { copy, members } = copyCounted(changed.value)
      // Fewer members than were written: a key is duplicate.
      if (members === changed.members) return this.#keep(changed, copy)
    }
    const value: unknown = JSON.parse(text)
    const scan = scanJson(text)
    const { copy, members } = copyCounted(value)
    return findJsonFlaw(text, scan, members) ?? this.#keep({ ...scan, text, value, marks: [] }, copy)
  }

  #keep(known: KnownJson, copy: unknown): ParsedJson {
    this.#last = known
    return { value: copy, hasInexactString: known.hasInexactString }
  }
}
