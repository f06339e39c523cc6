import type { Applier } from '../api/applier.ts'
import { trackChildLoggers } from './child-loggers.ts'
import { isKnownLevel, switchLevel, type LevelLogger } from './switch-level.ts'

export type { LevelLogger } from './switch-level.ts'

/** The slice of {@link logLevel}: the name of the level, or an object that has it. */
export type LogSlice = string | { readonly level: string }

/**
 * Makes an applier that sets the level of a pino logger (9 or 10). A level that the logger does not know rejects the
 * config; `silent` and custom levels are known.
 *
 * The level also reaches existing children that never had a level of their own: with pino 10 all of them, with pino 9
 * those created after this call, so call it right after `pino()`. A child whose level was set, when it was created or
 * later, keeps that level, and so do its own children. (A child that was set to the level which the logger had at that
 * moment cannot be recognized.)
 *
 * It replaces an existing `logger.onChild` and calls it. An `onChild` that is assigned later must call the one that it
 * replaces.
 * @example
 * ```ts
 * const logger = pino()
 * reloader.use('logger', (config) => config.log, logLevel(logger))
 * ```
 */
export const logLevel = (logger: LevelLogger): Applier<LogSlice, undefined> => {
  const children = trackChildLoggers(logger)
  children.hook()
  let live = 0
  return {
    prepare: (slice, { report }) => {
      const level = typeof slice === 'string' ? slice : slice.level
      if (!isKnownLevel(logger, level)) throw new RangeError('The logger has no such level')
      children.hook()
      live++
      let undo: (() => void) | undefined
      return {
        instance: undefined,
        commit: () => {
          const restore = switchLevel(logger, level, report)
          const undoChildren = children.switchLevels(level, report)
          undo = () => {
            restore(logger, report)
            undoChildren(report)
          }
        },
        rollback: () => {
          undo?.()
          undo = undefined
        },
        close: async () => {
          undo = undefined
          // The last close also removes the hook, so that nothing is left on the logger after `reloader.close()`.
          if (--live === 0) children.unhook()
        },
      }
    },
  }
}
