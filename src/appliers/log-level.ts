import type { Applier } from '../api/applier.ts'
import type { ReportError } from '../async/guarded-callback.ts'
import { changeoverError } from '../model/failure.ts'
import { permanent } from '../model/permanence.ts'
import { trackChildLoggers } from './child-loggers.ts'
import { trackStreamLevels } from './stream-levels.ts'
import {
  isKnownLevel,
  type LevelLogger,
  type LevelOrigin,
  levelsOf,
  levelValueOf,
  restoreOrigin,
  switchLevel,
} from './switch-level.ts'

export type { LevelLogger } from './switch-level.ts'

/** The slice of {@link logLevel}: the name of the level, or an object that has it. */
export type LogSlice = string | { readonly level: string }

/**
 * Makes an applier that sets the level of a pino logger (9 or 10), or of a child of one. A level that the logger does not
 * know rejects the config; `silent` and custom levels are known. When the module is switched off, and when the reloader
 * closes, the logger gets back the level that it had at this call.
 *
 * The level also reaches existing children that never had a level of their own: with pino 10 all of them, with pino 9
 * those created after this call, so call it right after `pino()`. A child whose level was set, when it was created or
 * later, keeps that level, and so do its own children. (A child that was set to the level which the logger had at that
 * moment cannot be recognized.)
 *
 * Of the streams of a `pino.multistream`, the most verbose ones follow. The targets of a worker transport cannot: a level
 * below that of this call is reported as `module.level-filtered` if pino tells that they filter, which version 10 does.
 *
 * The logger of Fastify, `app.log`, is one of pino. If Fastify logs nothing, setting the level has no effect.
 *
 * It replaces an existing `logger.onChild` and calls it. An `onChild` that is assigned later must call the one that it
 * replaces.
 * @throws ChangeoverError `reloader.invalid-option` if the logger is no object
 * @example
 * ```ts
 * const logger = pino()
 * reloader.use('logger', (config) => config.log, logLevel(logger))
 * ```
 */
export const logLevel = (logger: LevelLogger): Applier<LogSlice, undefined> => {
  if (!isObject(logger)) {
    throw changeoverError('reloader.invalid-option', { detail: 'logLevel needs a logger, such as pino() or app.log' })
  }
  const target = createTarget(logger)
  target.hook()
  let live = 0
  return {
    prepare: (slice, { report }) => {
      const level = typeof slice === 'string' ? slice : slice.level
      if (!isKnownLevel(logger, level)) throw permanent(new RangeError('The logger has no such level'))
      target.hook()
      live++
      let undo: (() => void) | undefined
      return {
        instance: undefined,
        commit: () => {
          undo = target.switchLevel(level, report)
        },
        rollback: () => {
          undo?.()
          undo = undefined
        },
        close: () => {
          undo = undefined
          // Counted, since a generation may be closed after the next one has failed: only the last one leaves nothing.
          if (--live === 0) target.release(report)
        },
      }
    },
  }
}

const isObject = (value: unknown): boolean =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

/** A logger with its children and its streams. */
const createTarget = (logger: LevelLogger) => {
  const found = logger.level
  const children = trackChildLoggers(logger)
  const streams = trackStreamLevels(logger)
  /** What the logger was before the first switch; undefined while nothing has changed it. */
  let origin: LevelOrigin | undefined

  const forget = (): void => {
    origin = undefined
    children.forgetOrigins()
  }

  return {
    hook: children.hook,
    /** Sets the level, and returns the exact inverse. */
    switchLevel: (level: string, report: ReportError): (() => void) => {
      const isFirst = origin === undefined
      const noted: LevelOrigin = origin ?? { level: logger.level, properties: new Map() }
      const restore = switchLevel(logger, level, report, noted)
      origin = noted
      const undoChildren = children.switchLevels(level, report)
      const undoStreams = streams.switchLevels(levelValueOf(logger), report)
      if (isBelow(logger, level, found) && streams.areUnreachable()) report(changeoverError('module.level-filtered'))
      return () => {
        restore(logger, report)
        undoChildren(report)
        undoStreams(report)
        if (isFirst) forget()
      }
    },
    /** Leaves nothing of what was done: neither a level nor the hook. */
    release: (report: ReportError): void => {
      if (origin !== undefined) {
        restoreOrigin(logger, origin, report)
        // What was found decides, even if another level was set by hand before the first switch.
        if (logger.level !== found) restoreOrigin(logger, { level: found, properties: new Map() }, report)
        children.restore(report)
        streams.switchLevels(Number.POSITIVE_INFINITY, report)
        forget()
      }
      children.unhook()
    },
  }
}

const isBelow = (logger: LevelLogger, level: string, than: string): boolean => {
  const values = levelsOf(logger)
  return (values[level] ?? 0) < (values[than] ?? 0)
}
