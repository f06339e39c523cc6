import type { MalformedPlace } from '../api/source.ts'
import { type ChangeoverError, changeoverError, type DocumentCode } from '../model/failure.ts'
import type { TextIndex } from './text-index.ts'

/** The formats of documents, by name. All but `json` need a package that is installed beside Changeover. */
export type FormatName = 'json' | 'jsonc' | 'yaml' | 'toml'

/** What a text becomes: plain data, or the reason why it becomes none. */
export type ParsedText =
  | {
      readonly kind: 'parsed'
      readonly value: unknown
      /** True if some string may be a number that does not survive being parsed. @default true */
      readonly hasInexactString?: boolean
    }
  | {
      readonly kind: 'malformed'
      readonly code: DocumentCode
      readonly place: MalformedPlace
      /** For debugging only: it may quote the text. */
      readonly cause?: unknown
    }

/** Parses texts of one format, and finds values in them. */
export interface TextFormat {
  /**
   * Makes data that JSON can hold, as strictly as JSON is parsed: no duplicate key, no `__proto__`, no number that would be
   * rounded, and not nested too deeply. Never throws.
   */
  readonly parse: (text: string) => ParsedText
  /** Finds where the values of a text are that parses. Never throws. */
  readonly index: (text: string) => TextIndex
}

/** The command that installs the package of a format. */
const installCommand: Readonly<Record<Exclude<FormatName, 'json'>, string>> = {
  jsonc: 'npm install jsonc-parser@3',
  yaml: 'npm install yaml@2',
  toml: 'npm install smol-toml@1',
}

/** Makes the error for a parser that cannot be loaded, or is of a version that does not fit. */
export const formatMissing = (name: Exclude<FormatName, 'json'>, cause: unknown): ChangeoverError =>
  changeoverError('document.format-missing', { detail: `format ${name}: ${installCommand[name]}` }, cause)
