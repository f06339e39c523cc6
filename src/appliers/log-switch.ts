/** What is needed of a logger: the part of pino's (9 or 10) that deals with levels. */
export interface LevelLogger {
  level: string
  readonly levelVal: number
  readonly levels: { readonly values: Readonly<Record<string, number>> }
  onChild?: (child: never) => void
  readonly emit?: (event: never, ...args: never[]) => boolean
}

/** What an error of the user's own listeners is told to. */
export type Report = (error: unknown) => void

/** Puts a logger back to exactly what it was before a switch; it never throws. */
export type Restore = (logger: LevelLogger, report: Report) => void

/** True for the logger's own names of levels, `silent` among them; not for what every object has. */
export const knowsLevel = (logger: LevelLogger, level: unknown): level is string =>
  typeof level === 'string' && Object.hasOwn(logger.levels.values, level)

/**
 * Sets the level, and returns its exact inverse. A throw of the logger leaves it as it was; a throw of a `level-change`
 * listener, which pino calls when the level is set already, is only reported.
 *
 * pino keeps a level as own properties of the logger, a method for each level among them. So setting the old level
 * again would not be exact: a child that had inherited its level would then have one of its own, and a method that
 * somebody has wrapped would be lost.
 */
export const switchLevel = (logger: LevelLogger, level: string, report: Report): Restore => {
  const previous = logger.level
  const before = Object.getOwnPropertyDescriptors(logger)
  try {
    setLevel(logger, level, report)
  } catch (error) {
    putBack(logger, changesSince(before, logger))
    throw error
  }
  const changes = changesSince(before, logger)
  // Nothing here holds the logger: a child must not live longer because its level can be restored.
  return (target, tell) => {
    try {
      setLevel(target, previous, tell) // so that listeners hear of it
    } catch (error) {
      tell(error)
    }
    putBack(target, changes)
  }
}

// pino tells its listeners at the very end, so what they throw says nothing about the level. Caught outside, it could
// not be told from a throw of the logger that left the level half set.
const setLevel = (logger: LevelLogger, level: string, report: Report): void => {
  const { emit } = logger
  if (emit === undefined) {
    logger.level = level
    return
  }
  const own = Object.getOwnPropertyDescriptor(logger, 'emit')
  const guarded = function (this: unknown, ...args: unknown[]): boolean {
    try {
      return Reflect.apply(emit, this, args)
    } catch (error) {
      report(error)
      return true
    }
  }
  Reflect.defineProperty(logger, 'emit', { value: guarded, configurable: true, writable: true })
  try {
    logger.level = level
  } finally {
    putBack(logger, [['emit', own]])
  }
}

type Change = readonly [key: PropertyKey, before: PropertyDescriptor | undefined]

const changesSince = (before: PropertyDescriptorMap, logger: LevelLogger): readonly Change[] => {
  const after: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(logger)
  return Reflect.ownKeys(after)
    .filter((key) => before[key] === undefined || before[key].value !== after[key]?.value)
    .map((key) => [key, before[key]])
}

const putBack = (logger: LevelLogger, changes: readonly Change[]): void => {
  for (const [key, before] of changes) {
    if (before === undefined) Reflect.deleteProperty(logger, key)
    else Reflect.defineProperty(logger, key, before)
  }
}
