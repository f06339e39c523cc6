import { knowsLevel, switchLevel, type LevelLogger, type Report, type Restore } from './log-switch.ts'

/** Keeps the children of a logger that do not inherit its level through their prototype. */
export interface Children {
  /** Hooks into `onChild`: from now on children are known. Idempotent. */
  readonly follow: () => void
  /** Takes the hook away, where nobody has hooked in over it since. */
  readonly unfollow: () => void
  /** Gives the level to all children without one of their own, and returns the exact inverse. Neither throws. */
  readonly spread: (level: string, report: Report) => (report: Report) => void
}

interface Child {
  readonly ref: WeakRef<LevelLogger>
  readonly parent: Child | undefined
  /** The level that it took over; another one is its own. */
  taken: number
  hasOwn: boolean
}

const FIRST_PRUNE = 1_024

export const followChildren = (logger: LevelLogger): Children => {
  const children = new Set<Child>() // in the order of birth, so parents come first
  const byLogger = new WeakMap<object, Child>()
  let pruneAt = FIRST_PRUNE

  const add = (child: LevelLogger): void => {
    if (!keepsLevelItself(child)) return
    const parent = nearest(byLogger, child)
    const taken = child.levelVal
    const of: LevelLogger = Object.getPrototypeOf(child)
    const known: Child = { ref: new WeakRef(child), parent, taken, hasOwn: taken !== of.levelVal }
    byLogger.set(child, known)
    children.add(known)
    if (children.size > pruneAt) pruneAt = Math.max(FIRST_PRUNE, 2 * prune(children))
  }

  return {
    ...hookInto(logger, add),
    spread: (level, report) => {
      const undo = [...children].flatMap((child) => give(child, level, report) ?? [])
      const present = new Set([...children].map(({ ref }) => ref))
      return (tell) => {
        for (const undoOne of undo.reverse()) undoOne(tell)
        // Those born since took over the level that is now undone.
        for (const child of children) if (!present.has(child.ref)) give(child, logger.level, tell)
      }
    },
  }
}

/** False for a child that sees every change of its parent's level: pino 10's usual kind, nothing is to be done there. */
const keepsLevelItself = (child: LevelLogger): boolean =>
  Object.keys(child.levels.values).some((level) => Object.hasOwn(child, level))

const nearest = (byLogger: WeakMap<object, Child>, child: LevelLogger): Child | undefined => {
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

const give = (child: Child, level: string, report: Report): ((report: Report) => void) | undefined => {
  const target = child.ref.deref()
  if (target === undefined) return undefined
  child.hasOwn ||= child.parent?.hasOwn === true || target.levelVal !== child.taken
  if (child.hasOwn || !knowsLevel(target, level) || target.levelVal === target.levels.values[level]) return undefined
  const before = child.taken
  let restore: Restore
  try {
    restore = switchLevel(target, level, report)
  } catch (error) {
    report(error) // one child that cannot take it does not stop the swap
    return undefined
  }
  child.taken = target.levelVal
  return (tell) => {
    const alive = child.ref.deref()
    // Set by somebody since: it has a level of its own now.
    if (alive === undefined || alive.levelVal !== child.taken) return
    restore(alive, tell)
    child.taken = before
  }
}

const hookInto = (logger: LevelLogger, add: (child: LevelLogger) => void): Pick<Children, 'follow' | 'unfollow'> => {
  let isHooked = false
  let isActive = false
  let replaced: PropertyDescriptor | undefined
  let users: LevelLogger['onChild']

  const hook = function (this: unknown, child: LevelLogger): void {
    if (isActive) add(child)
    users?.call(this, child as never)
  }

  return {
    follow: () => {
      isActive = true
      if (isHooked) return
      isHooked = true
      users = logger.onChild
      replaced = Object.getOwnPropertyDescriptor(logger, 'onChild')
      logger.onChild = hook
    },
    unfollow: () => {
      isActive = false
      if (logger.onChild !== hook) return // somebody calls it from theirs: there it stays, and does nothing
      isHooked = false
      if (replaced === undefined) Reflect.deleteProperty(logger, 'onChild')
      else Reflect.defineProperty(logger, 'onChild', replaced)
    },
  }
}
