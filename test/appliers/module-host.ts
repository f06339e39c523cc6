import type { Applier, Generation, PrepareContext } from '../../src/api/applier.ts'
import { systemClock, type Clock } from '../../src/api/clock.ts'

interface Live<Slice, Instance> {
  readonly slice: Slice
  readonly generation: Generation<Instance>
  leases: number
  whenFree: () => void
}

interface HostOptions<Needs extends object> {
  readonly clock?: Clock
  readonly needs?: Needs
}

/** Plays the core's part for one module, step by step: prepare, commit, rollback, close. */
export const moduleHost = <Slice, Instance, Needs extends object>(
  applier: Applier<Slice, Instance, Needs>,
  { clock = systemClock, needs }: HostOptions<Needs> = {},
) => {
  const reports: unknown[] = []
  let serving: Live<Slice, Instance> | undefined

  /** Runs what was deferred when the prepare fails, as the core does. */
  const prepare = async (slice: Slice, signal = new AbortController().signal): Promise<Live<Slice, Instance>> => {
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
    let made: Live<Slice, Instance> | undefined
    try {
      const generation = await applier.prepare(slice, context)
      made = { slice, generation, leases: 0, whenFree: () => undefined }
      return made
    } catch (error) {
      for (const cleanup of cleanups.reverse()) await cleanup()
      throw error
    }
  }

  const commit = (next: Live<Slice, Instance> | undefined): Live<Slice, Instance> | undefined => {
    const before = serving
    next?.generation.commit?.()
    serving = next
    return before
  }

  const close = async (live: Live<Slice, Instance> | undefined): Promise<void> => {
    if (live === undefined) return
    if (live.leases > 0) await new Promise<void>((resolve) => (live.whenFree = resolve))
    await live.generation.close?.()
  }

  return {
    reports,
    prepare,
    commit,
    close,
    rollback: (next: Live<Slice, Instance>, before: Live<Slice, Instance> | undefined): void => {
      next.generation.rollback?.()
      serving = before
    },
    /** Prepare, commit, close what served, all at once. */
    swap: async (slice: Slice): Promise<void> => {
      const next = await prepare(slice)
      await close(commit(next))
    },
    get current(): Instance {
      if (serving === undefined) throw new Error('nothing serves')
      return serving.generation.instance
    },
    /** Works on one generation across awaits, as `reloader.modules.name.use` does. */
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
