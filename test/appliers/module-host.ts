import type { Applier, Generation, PrepareContext } from '../../src/api/applier.ts'
import { systemClock, type Clock } from '../../src/api/clock.ts'

interface LiveGeneration<Slice, Instance> {
  readonly slice: Slice
  readonly generation: Generation<Instance>
  leases: number
  whenFree: () => void
}

interface HostOptions<Needs extends object> {
  readonly clock?: Clock
  readonly needs?: Needs
}

/** Does for one module what the reloader does, step by step: prepare, commit, rollback, close. */
export const moduleHost = <Slice, Instance, Needs extends object>(
  applier: Applier<Slice, Instance, Needs>,
  { clock = systemClock, needs }: HostOptions<Needs> = {},
) => {
  const reports: unknown[] = []
  let serving: LiveGeneration<Slice, Instance> | undefined

  /** Runs the deferred cleanups if the prepare fails, as the reloader does. */
  const prepare = async (
    slice: Slice,
    signal = new AbortController().signal,
  ): Promise<LiveGeneration<Slice, Instance>> => {
    const cleanups: (() => unknown)[] = []
    const context: PrepareContext<Slice, Needs> = {
      module: 'module',
      ...(serving === undefined ? {} : { previous: serving.slice }),
      needs: needs ?? ({} as Needs),
      signal,
      clock,
      defer: (cleanup) => cleanups.push(cleanup),
      isServing: () => serving !== undefined && serving === made,
      report: (error) => reports.push(error),
    }
    let made: LiveGeneration<Slice, Instance> | undefined
    try {
      const generation = await applier.prepare(slice, context, serving?.generation.instance)
      made = { slice, generation, leases: 0, whenFree: () => undefined }
      return made
    } catch (error) {
      for (const cleanup of cleanups.reverse()) await cleanup()
      throw error
    }
  }

  const commit = (next: LiveGeneration<Slice, Instance> | undefined): LiveGeneration<Slice, Instance> | undefined => {
    const before = serving
    next?.generation.commit?.()
    serving = next
    return before
  }

  const close = async (live: LiveGeneration<Slice, Instance> | undefined): Promise<void> => {
    if (live === undefined) return
    if (live.leases > 0) await new Promise<void>((resolve) => (live.whenFree = resolve))
    await live.generation.close?.()
  }

  return {
    reports,
    prepare,
    commit,
    close,
    rollback: (next: LiveGeneration<Slice, Instance>, before: LiveGeneration<Slice, Instance> | undefined): void => {
      next.generation.rollback?.()
      serving = before
    },
    /** Prepares and commits a new generation, and closes the previous one. */
    replace: async (slice: Slice): Promise<void> => {
      const next = await prepare(slice)
      await close(commit(next))
    },
    get current(): Instance {
      if (serving === undefined) throw new Error('nothing serves')
      return serving.generation.instance
    },
    /** Uses one generation across awaits, as `reloader.modules.name.use` does. */
    use: async <Result>(work: (instance: Instance) => Promise<Result>): Promise<Result> => {
      const live = serving
      if (live === undefined) throw new Error('nothing serves')
      live.leases++
      try {
        return await work(live.generation.instance)
      } finally {
        if (--live.leases === 0) live.whenFree()
      }
    },
    end: async (): Promise<void> => close(commit(undefined)),
  }
}
