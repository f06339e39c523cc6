import type { ReportError } from '../async/guarded-callback.ts'
import {
  isKnownLevel,
  levelsOf,
  levelValueOf,
  type LevelLogger,
  type LevelOrigin,
  restoreOrigin,
  type RestoreLevel,
  switchLevel,
} from './switch-level.ts'

interface Child {
  readonly ref: WeakRef<LevelLogger>
  readonly parent: Child | undefined
  /** The level that it took over. If it has another one, that is its own. */
  inherited: number
  hasOwn: boolean
  /** What it was before the first switch; undefined while the module is off. */
  origin: LevelOrigin | undefined
}

const FIRST_PRUNE = 1_024

/** Tracks the children of a logger that do not inherit its level through their prototype. */
export const trackChildLoggers = (logger: LevelLogger) => {
  const children = new Set<Child>() // in the order of creation, so parents come first
  const byLogger = new WeakMap<object, Child>()
  let pruneAt = FIRST_PRUNE

  const add = (child: LevelLogger): void => {
    if (!keepsOwnLevel(child)) return
    const parent = nearestParent(byLogger, child)
    const inherited = levelValueOf(child)
    const prototype: LevelLogger = Object.getPrototypeOf(child)
    const known: Child = {
      ref: new WeakRef(child),
      parent,
      inherited,
      hasOwn: inherited !== levelValueOf(prototype),
      origin: undefined,
    }
    byLogger.set(child, known)
    children.add(known)
    if (children.size > pruneAt) pruneAt = Math.max(FIRST_PRUNE, 2 * prune(children))
  }

  return {
    ...createHook(logger, add),
    /** Sets the level of all children without a level of their own, and returns the exact inverse. Neither throws. */
    switchLevels: (level: string, report: ReportError) => {
      const undos = [...children].flatMap((child) => switchChild(child, level, report) ?? [])
      const present = new Set([...children].map(({ ref }) => ref))
      return (reportUndo: ReportError): void => {
        for (const undo of undos.reverse()) undo(reportUndo)
        // Children created since then took over the level that is now undone.
        for (const child of children) if (!present.has(child.ref)) switchChild(child, logger.level, reportUndo)
      }
    },
    /** Restores all children without a level of their own; those created since then follow the logger. Never throws. */
    restore: (report: ReportError): void => {
      for (const child of children) restoreChild(child, logger.level, report)
    },
    /** Makes the next switch the first. */
    forgetOrigins: (): void => {
      for (const child of children) child.origin = undefined
    },
  }
}

/** False for a child that sees every change of its parent's level, as most children do in pino 10. */
const keepsOwnLevel = (child: LevelLogger): boolean =>
  Object.keys(levelsOf(child)).some((level) => Object.hasOwn(child, level))

const nearestParent = (byLogger: WeakMap<object, Child>, child: LevelLogger): Child | undefined => {
  for (let at: object | null = Object.getPrototypeOf(child); at !== null; at = Object.getPrototypeOf(at)) {
    const known = byLogger.get(at)
    if (known !== undefined) return known
  }
  return undefined
}

const prune = (children: Set<Child>): number => {
  for (const child of children) if (child.ref.deref() === undefined) children.delete(child)
  return children.size
}

const switchChild = (child: Child, level: string, report: ReportError): ((report: ReportError) => void) | undefined => {
  const target = child.ref.deref()
  if (target === undefined) return undefined
  noteOwnLevel(child, target)
  if (child.hasOwn || !isKnownLevel(target, level) || levelValueOf(target) === levelsOf(target)[level]) return undefined
  const before = child.inherited
  let restore: RestoreLevel
  try {
    child.origin ??= { level: target.level, properties: new Map() }
    restore = switchLevel(target, level, report, child.origin)
  } catch (error) {
    report(error) // one child that cannot take the level does not stop the commit
    return undefined
  }
  child.inherited = levelValueOf(target)
  return (reportUndo) => {
    const alive = child.ref.deref()
    // If its level was set since then, it has a level of its own now.
    if (alive === undefined || levelValueOf(alive) !== child.inherited) return
    restore(alive, reportUndo)
    child.inherited = before
  }
}

const restoreChild = (child: Child, level: string, report: ReportError): void => {
  const target = child.ref.deref()
  const { origin } = child
  child.origin = undefined
  if (target === undefined) return
  noteOwnLevel(child, target)
  if (child.hasOwn) return
  if (origin === undefined) return void switchChild(child, level, report)
  restoreOrigin(target, origin, report)
  child.inherited = levelValueOf(target)
}

const noteOwnLevel = (child: Child, logger: LevelLogger): void => {
  child.hasOwn ||= child.parent?.hasOwn === true || levelValueOf(logger) !== child.inherited
}

const createHook = (logger: LevelLogger, add: (child: LevelLogger) => void) => {
  let isHooked = false
  let isActive = false
  let replaced: PropertyDescriptor | undefined
  let previous: LevelLogger['onChild']

  const onChild = function (this: unknown, child: LevelLogger): void {
    if (isActive) add(child)
    previous?.call(this, child as never)
  }

  return {
    /** Hooks into `onChild`, to learn of new children. Idempotent. */
    hook: (): void => {
      isActive = true
      if (isHooked) return
      isHooked = true
      previous = logger.onChild
      replaced = Object.getOwnPropertyDescriptor(logger, 'onChild')
      logger.onChild = onChild
    },
    /** Removes the hook, unless another one has been put over it since. */
    unhook: (): void => {
      isActive = false
      if (logger.onChild !== onChild) return // a later hook may call this one, so it stays and does nothing
      isHooked = false
      if (replaced === undefined) Reflect.deleteProperty(logger, 'onChild')
      else Reflect.defineProperty(logger, 'onChild', replaced)
    },
  }
}
