import type { Applier } from '../api/applier.ts'
import { followChildren } from './log-children.ts'
import { knowsLevel, switchLevel, type LevelLogger } from './log-switch.ts'

export type { LevelLogger } from './log-switch.ts'

/** The slice of {@link logLevel}: the level's name, or an object that has it. */
export type LogSlice = string | { readonly level: string }

const levelOf = (slice: LogSlice): string => (typeof slice === 'string' ? slice : slice.level)

/**
 * Follows a slice with the level of a pino logger (9 or 10). A level that the logger does not know refuses the config;
 * `silent` and custom levels are known.
 *
 * The level reaches children that exist already, as long as they never had a level of their own: all of them with pino
 * 10; with pino 9 those that are born after this call, so call it right after `pino()`. A child whose level was set, at
 * its birth or later, is left alone, and its own children with it: who sets a level there wants it to stay. (Set to what
 * the logger's level is at that moment, it cannot be told from one that was not set.)
 *
 * It puts itself before an `onChild` that is there, and calls it. A `logger.onChild` that is assigned later must call
 * the one that it replaces.
 */
export const logLevel = (logger: LevelLogger): Applier<LogSlice, undefined> => {
  const children = followChildren(logger)
  children.follow()
  let live = 0
  return {
    prepare: (slice, { report }) => {
      const level = levelOf(slice)
      if (!knowsLevel(logger, level)) throw new RangeError('The logger has no such level')
      children.follow()
      live++
      let undo: (() => void) | undefined
      return {
        instance: undefined,
        commit: () => {
          const restore = switchLevel(logger, level, report)
          const undoChildren = children.spread(level, report)
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
          // The hook of the last one goes too: after the reloader's close nothing of it is left on the logger.
          if (--live === 0) children.unfollow()
        },
      }
    },
  }
}
