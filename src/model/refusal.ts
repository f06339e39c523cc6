import { errorChain, permanent, read } from './permanence.ts'

/** Shared by all copies of the package, since an applier may bring its own. */
const refusalKey = Symbol.for('changeover.refusal')

/** The longest text that is shown. */
const MAX_TEXT = 300

/** Options of {@link refuse}. */
export interface RefuseOptions {
  /** The error that led to it. Only its name and code are shown. @default none */
  readonly cause?: unknown
  /** True if only another document helps, so that `prepare`, `apply` or `check` is not called again for this one. @default false */
  readonly permanent?: boolean
}

class Refusal extends Error {
  override readonly name = 'Refusal'
}

/**
 * Throws an error whose text is shown in logs, records and on pages, so it must not contain a config value. Call it in a
 * policy, in `prepare`, `apply` or `check` of an applier, in `parse`, or in a refinement or transform of the schema. Of any
 * other error only the name and a known code are shown.
 *
 * @throws Error always
 *
 * @example
 * ```ts
 * const policies = [(next, previous) => {
 *   if (previous !== undefined && next.db.max > 2 * previous.db.max) refuse('max may at most double')
 * }]
 * ```
 */
export const refuse: (text: string, options?: RefuseOptions) => never = (text, options = {}) => {
  if (typeof text !== 'string') throw new TypeError('refuse needs a text', { cause: text })
  const error = new Refusal(text, options.cause === undefined ? {} : { cause: options.cause })
  const shown = text.replace(/[\p{Cc}\s]+/gu, ' ').trim()
  Object.defineProperty(error, refusalKey, { value: shown.slice(0, MAX_TEXT) })
  noteText(text)
  throw options.permanent === true ? permanent(error) : error
}

/** Returns the text that an error, or one that caused it, was given by {@link refuse}. Never throws. */
export const refusalText = (error: unknown): string | undefined => {
  for (const link of errorChain(error)) {
    const text = read(link, refusalKey)
    if (typeof text === 'string') return text
  }
  return undefined
}

const MAX_RECENT = 20
const recent: string[] = []

const noteText = (text: string): void => {
  if (!recent.includes(text)) recent.push(text)
  if (recent.length > MAX_RECENT) recent.shift()
}

/** Finds the text of a refusal that a library has caught and turned into a message, as `pipe.try` of arktype does. */
export const refusalTextIn = (message: unknown): string | undefined =>
  typeof message === 'string' ? recent.find((text) => text !== '' && message.includes(`Refusal: ${text}`)) : undefined
