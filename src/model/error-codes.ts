import { documentCodes } from './codes/document.ts'
import { fleetCodes } from './codes/fleet.ts'
import { frameworkCodes } from './codes/framework.ts'
import { moduleCodes } from './codes/module.ts'
import { observeCodes } from './codes/observe.ts'
import { operatorCodes } from './codes/operator.ts'
import { reloaderCodes } from './codes/reloader.ts'
import { secretCodes } from './codes/secret.ts'
import { sourceCodes } from './codes/source.ts'

/** What a code means, and what to do about it. */
interface CodeEntry {
  /** What happened: the start of a sentence, without a full stop. The place follows in brackets. */
  readonly what: string
  /** What to do next, as sentences. The first is an imperative. */
  readonly hint: string
  /** What goes on meanwhile, while a config serves and before the first one. */
  readonly serving?: string
  readonly starting?: string
}

/** Whether a config serves: what a hint promises depends on it. */
export type Moment = 'serving' | 'starting'

/** Every code that Changeover reports. The reference of the errors is generated from it. */
export const codeTable = {
  ...sourceCodes,
  ...documentCodes,
  ...secretCodes,
  ...moduleCodes,
  ...reloaderCodes,
  ...observeCodes,
  ...frameworkCodes,
  ...operatorCodes,
  ...fleetCodes,
} as const satisfies Readonly<Record<string, CodeEntry>>

/** What to do about a code, and what goes on meanwhile. */
export const hintOf = (code: ErrorCode, moment: Moment = 'serving'): string => {
  const entry: CodeEntry = codeTable[code]
  const meanwhile = entry[moment]
  return meanwhile === undefined ? entry.hint : `${entry.hint} ${meanwhile}`
}

/** The codes of all failures. */
export type ErrorCode = keyof typeof codeTable

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(codeTable, code)

/** The codes with which a source fails. */
export type SourceCode = Extract<ErrorCode, `source.${string}`>

/** The codes with which a reference to a secret fails. */
export type SecretCode = Extract<ErrorCode, `secret.${string}`>

/** The codes with which a document is rejected before the schema sees it. */
export type DocumentCode = Extract<ErrorCode, `document.${string}`>
