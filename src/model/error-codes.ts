import { documentCodes } from './codes/document.ts'
import { moduleCodes } from './codes/module.ts'
import { reloaderCodes } from './codes/reloader.ts'
import { sourceCodes } from './codes/source.ts'

/** Every code that Changeover reports, with what it means and what to do. The README's table is made from it. */
export const codeTable = { ...sourceCodes, ...documentCodes, ...moduleCodes, ...reloaderCodes } as const

/** The codes of all failures. */
export type ErrorCode = keyof typeof codeTable

/** The codes with which a source fails. */
export type SourceCode = Extract<ErrorCode, `source.${string}`>

/** The codes with which a document is rejected before the schema sees it. */
export type DocumentCode = Extract<ErrorCode, `document.${string}`>
