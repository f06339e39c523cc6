import type { Document, FindOrigins, Malformed } from '../../api/source.ts'
import { jsonFormat } from '../../formats/json-format.ts'
import { loadFormat } from '../../formats/load-format.ts'
import type { FormatName, ParsedText, TextFormat } from '../../formats/text-format.ts'
import type { TextIndex } from '../../formats/text-index.ts'
import { ChangeoverError } from '../../model/failure.ts'

type Loader = typeof loadFormat

/** What a file's bytes are to the reloader. */
export type FileContent =
  | Pick<Document, 'kind' | 'content' | 'origins'>
  | Pick<Malformed, 'kind' | 'code' | 'place' | 'cause'>

/**
 * Makes what is read of a file: JSON as it is, and the JSON text of any other format. A good document that is stored then needs
 * no parser, and nothing that comes after the source knows of formats.
 */
export class FileReader {
  readonly #path: string
  readonly #format: FormatName
  readonly #load: Loader
  #last: { readonly digest: string; readonly content: FileContent } | undefined

  constructor(path: string, format: FormatName, load: Loader = loadFormat) {
    this.#path = path
    this.#format = format
    this.#load = load
  }

  /** @param digest stands for the bytes: what they become is made once */
  async contentOf(bytes: Uint8Array, digest: string): Promise<FileContent> {
    if (this.#format === 'json') return { kind: 'document', content: bytes, origins: originsIn(this.#path, jsonFormat) }
    if (this.#last?.digest !== digest) this.#last = { digest, content: await this.#parse(bytes) }
    return this.#last.content
  }

  async #parse(bytes: Uint8Array): Promise<FileContent> {
    const text = decode(bytes)
    if (text === undefined) return { kind: 'malformed', code: 'document.encoding' }
    let format: TextFormat
    try {
      format = await this.#load(this.#format)
    } catch (error) {
      const detail = error instanceof ChangeoverError ? error.failures[0]?.detail : undefined
      const place = detail === undefined ? {} : { place: { detail } }
      return { kind: 'malformed', code: 'document.format-missing', ...place, cause: error }
    }
    const parsed = format.parse(text)
    if (parsed.kind === 'malformed') return malformedOf(parsed)
    const origins = originsIn(this.#path, format, text)
    return { kind: 'document', content: JSON.stringify(parsed.value), origins }
  }
}

const malformedOf = ({ code, place, cause }: Extract<ParsedText, { kind: 'malformed' }>): FileContent => ({
  kind: 'malformed',
  code,
  place,
  ...(cause === undefined ? {} : { cause }),
})

const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Finds values in the text that was written; of JSON, that is the document itself. */
const originsIn = (file: string, format: TextFormat, written?: string): FindOrigins => {
  let index: TextIndex | undefined
  return (path, text) => {
    index ??= format.index(written ?? text)
    const position = index.positionOf(path)
    return [{ kind: 'file', at: position === undefined ? file : `${file}:${position.line}:${position.column}` }]
  }
}
