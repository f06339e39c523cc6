/** Shared by all copies of the package, since an applier may bring its own. */
const isPermanentKey = Symbol.for('changeover.isPermanent')

/** How many errors of a chain of causes are looked at: a chain may be endless. */
const MAX_ERRORS = 32

/**
 * Declares that a failure is the document's own fault: nothing but another document mends it. Throw the result in
 * `prepare`, `apply` or `check`. The document is then not tried again by itself; everything else is retried with
 * back-off.
 *
 * @returns the error itself, or an `Error` that wraps a value that cannot be marked
 *
 * @example
 * ```ts
 * if (region === undefined) throw permanent(new Error('This region does not exist'))
 * ```
 */
export const permanent = (error: unknown): Error => mark(error, true)

/**
 * Declares that a failure may pass by itself, although an error in its chain of causes was declared permanent. Failures
 * are transient unless declared otherwise.
 *
 * @returns the error itself, or an `Error` that wraps a value that cannot be marked
 *
 * @example
 * ```ts
 * throw transient(new Error('The licence server is being restarted', { cause: error }))
 * ```
 */
export const transient = (error: unknown): Error => mark(error, false)

/** True if the outermost declaration in the chain of causes says so. Never throws. */
export const isPermanent = (error: unknown): boolean => {
  for (const link of errorChain(error)) {
    const isDeclared = read(link, isPermanentKey)
    if (typeof isDeclared === 'boolean') return isDeclared
  }
  return false
}

/** The error, its causes and the errors of aggregates, the outermost first. Never throws, and always ends. */
export const errorChain = (error: unknown): readonly object[] => {
  const chain = new Set<object>()
  const queue = [error]
  for (let link = queue.shift(); chain.size < MAX_ERRORS; link = queue.shift()) {
    if (typeof link === 'object' && link !== null && !chain.has(link)) {
      chain.add(link)
      queue.push(read(link, 'cause'))
      const errors = read(link, 'errors')
      if (Array.isArray(errors)) queue.push(...errors.slice(0, MAX_ERRORS))
    }
    if (queue.length === 0) break
  }
  return [...chain]
}

/** A property of an error of user code, whose getters may throw. */
export const read = (error: object, key: PropertyKey): unknown => {
  try {
    return (error as Readonly<Record<PropertyKey, unknown>>)[key]
  } catch {
    return undefined
  }
}

const mark = (error: unknown, isDeclaredPermanent: boolean): Error => {
  const marked = isMarkable(error) ? error : new Error('A value that is not an error was thrown', { cause: error })
  Object.defineProperty(marked, isPermanentKey, { value: isDeclaredPermanent, configurable: true, writable: true })
  return marked
}

const isMarkable = (error: unknown): error is Error =>
  error instanceof Error && (Object.isExtensible(error) || Object.hasOwn(error, isPermanentKey))
