import { memberOf } from '../model/data/value-at.ts'
import type { RestartPolicy } from '../api/options.ts'
import type { RestartPendingStatus } from '../api/status.ts'
import { changedLeaves } from '../model/data/changed-leaves.ts'
import type { Path } from '../model/data/not-plain.ts'
import { changeoverError } from '../model/failure.ts'
import { PathSet } from '../model/data/path-set.ts'
import type { Unattended } from '../model/record.ts'
import type { Revision } from '../model/revision.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { Visibility } from '../model/visibility.ts'
import { type FollowedPath, followedPaths } from '../modules/followed-paths.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Settings } from '../settings/settings.ts'
import type { Plan } from '../transaction/plan.ts'
import type { Subscriptions } from '../transaction/subscriptions.ts'

/** What acts on a changed leaf: a restart, the service that reads it from the config, a module, or nothing. */
export type FollowUp = 'restart' | 'live' | 'followed' | 'unfollowed'

/** Paths that a record lists of each kind. */
const MAX_PATHS = 100
/** Changed leaves that are looked at. */
const MAX_LEAVES = 10_000

type Select = (config: unknown) => unknown

interface FollowUpsDeps {
  readonly settings: Pick<Settings, 'live' | 'restart' | 'clock'>
  readonly store: ServingStore
  readonly subscriptions: Pick<Subscriptions, 'selects'>
  readonly visibility: Visibility
}

/** Finds the changes on which no module acts, and keeps account of those that need a restart. */
export class FollowUps {
  readonly #deps: FollowUpsDeps
  readonly #live: PathSet
  readonly #restart: PathSet
  readonly #policy: RestartPolicy
  /** What served first: what needs a restart has its value from there. */
  #baseline: unknown
  #held: Pick<Snapshot, 'config' | 'revision'> | undefined
  #pendingSince: number | undefined
  readonly #known = new WeakMap<object, Map<Select, readonly FollowedPath[]>>()

  constructor(deps: FollowUpsDeps) {
    const { live, restart } = deps.settings
    this.#deps = deps
    this.#live = PathSet.of(live)
    this.#restart = PathSet.of(restart.paths)
    this.#policy = restart.policy
  }

  /**
   * Asks whether a config may be applied without a restart.
   *
   * @param mayRefuse false for a config that was accepted before
   * @throws ChangeoverError `restart.refused`, `restart.held`
   */
  admit(next: Snapshot, previous: unknown, mayRefuse: boolean): void {
    if (this.#restart.isEmpty || previous === undefined) return
    this.#baseline ??= previous
    this.#notePending(next.config)
    if (!mayRefuse) return
    try {
      this.check(next, previous)
    } catch (error) {
      if (this.#policy === 'hold') this.#held = next
      throw error
    }
  }

  /** A document of the source is looked at: what was held before is not the newest any more. */
  beginDocument(): void {
    this.#held = undefined
  }

  /**
   * Refuses what a restart must apply, unless the policy is to warn.
   *
   * @throws ChangeoverError `restart.refused`, `restart.held`
   */
  check(next: Snapshot, previous: unknown): void {
    if (this.#policy === 'warn' || previous === undefined) return
    const paths = this.#restartLeaves(previous, next.config)
    const [first] = paths
    if (first === undefined) return
    throw changeoverError(this.#policy === 'hold' ? 'restart.held' : 'restart.refused', {
      phase: 'validating',
      revision: next.revision.name,
      path: this.#deps.visibility.show(first),
      ...(paths.length === 1 ? {} : { detail: `${paths.length} paths` }),
    })
  }

  /** The changes between two configs on which no module acts. The plan is the one that leads from one to the other. */
  of(plan: Plan, previous: unknown, next: unknown): Unattended {
    const owned = this.#slices(plan)
    const kindOf = this.classify(previous, next)
    const isOwned = (path: Path, from: unknown, to: unknown): boolean =>
      (owned.has(from) || owned.has(to)) && !this.#touchesRestart(path)
    const found = { restart: new Set<string>(), unfollowed: new Set<string>() }
    let left = MAX_LEAVES
    for (const path of changedLeaves(previous, next, isOwned)) {
      const kind = kindOf(path)
      const listed = kind === 'restart' || kind === 'unfollowed' ? found[kind] : undefined
      if (listed !== undefined && listed.size < MAX_PATHS) listed.add(this.#deps.visibility.show(path))
      if (--left === 0) break
    }
    const { restart, unfollowed } = found
    return {
      ...(unfollowed.size === 0 ? {} : { unfollowed: [...unfollowed] }),
      ...(restart.size === 0 ? {} : { restartRequired: [...restart] }),
    }
  }

  /** Says of a leaf in which two configs differ what acts on its change: exactly one of four. */
  classify(previous: unknown, next: unknown): (path: Path) => FollowUp {
    let followed: PathSet | undefined
    return (path) => {
      if (this.#restart.covers(path)) return 'restart'
      if (this.#live.covers(path)) return 'live'
      followed ??= this.#followedIn(previous, next)
      return followed.covers(path) ? 'followed' : 'unfollowed'
    }
  }

  /** What modules and listeners read of both configs. */
  #followedIn(previous: unknown, next: unknown): PathSet {
    const followed = new PathSet()
    const { store, subscriptions } = this.#deps
    const modules = [...store.slots.values()].map(({ definition }) => definition.select)
    for (const select of [...modules, ...subscriptions.selects]) {
      for (const config of [previous, next]) {
        for (const path of this.#pathsOf(select, config)) {
          // A value that was read says nothing of what an object in its place would hold.
          if (isObjectAt(config, path)) followed.add(path)
          else followed.addLeaf(path)
        }
      }
    }
    return followed
  }

  /** What a function reads of a config: asked for the next change too, when that config is the previous one. */
  #pathsOf(select: Select, config: unknown): readonly FollowedPath[] {
    if (typeof config !== 'object' || config === null) return followedPaths(select, config)
    const known = this.#known.get(config) ?? new Map<Select, readonly FollowedPath[]>()
    this.#known.set(config, known)
    const paths = known.get(select) ?? followedPaths(select, config)
    known.set(select, paths)
    return paths
  }

  /** The parts of the configs that are slices: whatever changes in them is followed, and need not be looked at. */
  #slices(plan: Plan): ReadonlySet<unknown> {
    const slices = new Set<unknown>()
    const add = (slice: unknown): void => {
      if (typeof slice === 'object' && slice !== null) slices.add(slice)
    }
    for (const { previous, next } of plan.values()) {
      add(previous)
      add(next)
    }
    for (const { slice } of this.#deps.store.slots.values()) add(slice)
    return slices
  }

  #touchesRestart(path: Path): boolean {
    return this.#restart.covers(path) || this.#restart.reaches(path)
  }

  #restartLeaves(from: unknown, to: unknown): Path[] {
    const leaves = changedLeaves(from, to, (path) => !this.#touchesRestart(path))
    return [...leaves].filter((path) => this.#restart.covers(path))
  }

  #notePending(config: unknown): void {
    const isPending = this.#restartLeaves(this.#baseline, config).length > 0
    this.#pendingSince = isPending ? (this.#pendingSince ?? this.#deps.settings.clock.now()) : undefined
  }

  /** What serves, or would serve, and takes effect only with a restart. */
  get pending(): RestartPendingStatus | undefined {
    const serving = this.#deps.store.snapshot?.config
    if (this.#baseline === undefined || serving === undefined) return undefined
    const leaves = this.#restartLeaves(this.#baseline, this.#held?.config ?? serving)
    if (leaves.length === 0) return undefined
    return {
      paths: distinct(leaves.map((path) => this.#deps.visibility.show(path))),
      since: this.#pendingSince ?? this.#deps.settings.clock.now(),
      ...(this.#held === undefined ? {} : { held: this.#held.revision }),
    }
  }

  /** The document that is not applied before a restart. */
  get held(): Revision | undefined {
    return this.#held?.revision
  }
}

const isObjectAt = (config: unknown, path: Path): boolean => {
  const value = path.reduce(memberOf, config)
  return typeof value === 'object' && value !== null
}

/** Masked paths may be equal. */
const distinct = (paths: readonly string[]): readonly string[] => [...new Set(paths)].slice(0, MAX_PATHS)
