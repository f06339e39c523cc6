import { EventEmitter } from 'node:events'
import type { ReportError } from '../async/guarded-callback.ts'

/**
 * A pino logger (9 or 10), as far as it deals with levels. Only `level` is asked for by type, so that loggers fit whose
 * types hide the rest, as `FastifyBaseLogger` does. If `levels` is missing, the logger has pino's own ones.
 */
export interface LevelLogger {
  level: string
  readonly levelVal?: number
  readonly levels?: { readonly values: Readonly<Record<string, number>> }
  onChild?: (child: never) => void
  readonly emit?: (event: never, ...args: never[]) => boolean
}

/** The symbols that were found last: mostly all loggers are of one copy of pino, and a search takes longer than a switch. */
const lastSymbols = new Map<string, symbol>()

/** Finds a symbol by which pino keeps something in a logger, or in what the logger inherits from. Each copy of pino has its own. */
export const pinoSymbolOf = (logger: LevelLogger, description: string): symbol | undefined => {
  const last = lastSymbols.get(description)
  if (last !== undefined && last in logger) return last
  for (let at: object | null = logger; at !== null; at = Object.getPrototypeOf(at)) {
    const symbol = Object.getOwnPropertySymbols(at).find((own) => own.description === description)
    if (symbol === undefined) continue
    lastSymbols.set(description, symbol)
    return symbol
  }
  return undefined
}

const pinoLevels = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: Number.POSITIVE_INFINITY }

/** Returns the numbers of the logger's levels, by name. */
export const levelsOf = ({ levels }: LevelLogger): Readonly<Record<string, number>> => levels?.values ?? pinoLevels

/** Returns the number of the logger's level: 0 if it has none, as the logger of a Fastify that logs nothing. */
export const levelValueOf = (logger: LevelLogger): number => logger.levelVal ?? levelsOf(logger)[logger.level] ?? 0

/** What a logger was before the first of several switches: the level, and each property that one of them has changed. */
export interface LevelOrigin {
  readonly level: string
  readonly properties: Map<PropertyKey, PropertyDescriptor | undefined>
}

/** Restores a logger to exactly what it was before a switch. Never throws. */
export type RestoreLevel = (logger: LevelLogger, report: ReportError) => void

/** True for the logger's own level names, including `silent`, and not for what every object has. */
export const isKnownLevel = (logger: LevelLogger, level: unknown): level is string =>
  typeof level === 'string' && Object.hasOwn(levelsOf(logger), level)

/**
 * Sets the level, and returns the exact inverse. If the logger throws, it stays as it was. If a `level-change` listener
 * throws, which pino calls after the level is set, the error is only reported.
 *
 * pino keeps a level as own properties of the logger, one method per level. So setting the old level again would not be
 * exact: a child that inherited its level would then have its own, and a method that was wrapped would be lost.
 *
 * @param origin notes what the switch has changed, unless an earlier switch has changed it before
 */
export const switchLevel = (
  logger: LevelLogger,
  level: string,
  report: ReportError,
  origin: LevelOrigin,
): RestoreLevel => {
  const previous = logger.level
  const before = levelPropertiesOf(logger)
  try {
    setLevel(logger, level, report)
  } catch (error) {
    restoreProperties(logger, before)
    throw error
  }
  const changes = changesSince(before, logger)
  for (const [key, own] of changes) if (!origin.properties.has(key)) origin.properties.set(key, own)
  // This closure must not hold the logger: a child must not live longer because its level can be restored.
  return (target, reportRestore) => restore(target, previous, changes, reportRestore)
}

/** Restores a logger to exactly what it was before the first of several switches. Never throws. */
export const restoreOrigin = (logger: LevelLogger, { level, properties }: LevelOrigin, report: ReportError): void =>
  restore(logger, level, [...properties], report)

const restore = (logger: LevelLogger, level: string, changes: readonly PropertyBefore[], report: ReportError): void => {
  try {
    setLevel(logger, level, report) // so that listeners are called
  } catch (error) {
    report(error)
  }
  restoreProperties(logger, changes)
}

/** True for an emitter of Node without a listener for changes of the level. */
const isUnheard = (logger: LevelLogger): boolean =>
  logger.emit === EventEmitter.prototype.emit && EventEmitter.prototype.listenerCount.call(logger, 'level-change') === 0

// pino calls its listeners last, so their errors do not affect the level. They are caught in `emit`, since outside they
// could not be told from an error of the logger that left the level half set.
const setLevel = (logger: LevelLogger, level: string, report: ReportError): void => {
  const { emit } = logger
  if (emit === undefined || isUnheard(logger)) {
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
    restoreProperties(logger, [['emit', own]])
  }
}

type PropertyBefore = readonly [key: PropertyKey, own: PropertyDescriptor | undefined]

/** The own properties in which a level is kept: its number, and a method for each level. To look at all took 40 µs (bench: reload). */
const levelPropertiesOf = (logger: LevelLogger): readonly PropertyBefore[] => {
  const keys: PropertyKey[] = Object.keys(levelsOf(logger))
  const symbol = pinoSymbolOf(logger, 'pino.levelVal')
  if (symbol !== undefined) keys.push(symbol)
  return keys.map((key) => [key, Object.getOwnPropertyDescriptor(logger, key)])
}

const changesSince = (before: readonly PropertyBefore[], logger: LevelLogger): readonly PropertyBefore[] =>
  before.filter(([key, own]) => {
    const now = Object.getOwnPropertyDescriptor(logger, key)
    return now?.value !== own?.value || (now === undefined) !== (own === undefined)
  })

const restoreProperties = (logger: LevelLogger, changes: readonly PropertyBefore[]): void => {
  for (const [key, before] of changes) {
    if (before === undefined) Reflect.deleteProperty(logger, key)
    else Reflect.defineProperty(logger, key, before)
  }
}
