import type { Applier, Reloader } from 'changeover'
import { z } from 'zod'

export const Config = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn']) }),
  queue: z.strictObject({ workers: z.number().int().min(1).max(8) }),
})
export type Config = z.infer<typeof Config>

/** Stands for something that exists once in the process: a native logger, a feature switch of a library. */
interface Console {
  level: string
}

/** Workers that run until they are told to stop. */
export interface Workers {
  readonly count: number
  isRunning: boolean
}

/** Careless: its rollback goes back to the level of the process's start, not to what served before. */
export const carelessLevel = (target: Console): Applier<Config['log']> => {
  const first = target.level
  return {
    prepare: ({ level }) => ({
      instance: undefined,
      commit: () => {
        target.level = level
        return undefined
      },
      rollback: () => {
        target.level = first
        return undefined
      },
    }),
  }
}

/** Careful: what served is looked up in the tick, just before it is replaced. */
export const carefulLevel = (target: Console): Applier<Config['log']> => ({
  prepare: ({ level }) => {
    let before = target.level
    return {
      instance: undefined,
      commit: () => {
        before = target.level
        target.level = level
        return undefined
      },
      rollback: () => {
        target.level = before
        return undefined
      },
    }
  },
})

const workers: Applier<Config['queue'], Workers> = {
  prepare: ({ workers: count }) => {
    const instance = { count, isRunning: true }
    return {
      instance,
      close: async () => {
        instance.isRunning = false
      },
    }
  },
}

type Level = (target: Console) => Applier<Config['log']>

/** The service's modules, as `createReloader` gets them, and the part that only the team knows how to check. */
export const subjectWith = (level: Level) => {
  let target: Console = { level: 'start' }
  return {
    schema: Config,
    modules: (reloader: Reloader<Config>) => {
      target = { level: 'start' } // each process has one of its own
      return reloader
        .use('logger', (c) => c.log, level(target))
        .use('queue', (c) => c.queue, { ...workers }, { after: ['logger'] })
    },
    invariants: {
      'the logger has the level of the config': ({ config }: { readonly config: Config }) => {
        if (target.level !== config.log.level) throw new Error(`${target.level} instead of ${config.log.level}`)
      },
    },
    sometimes: {
      'eight workers run': ({ modules }: { readonly modules: Readonly<Record<string, unknown>> }) =>
        (modules.queue as Workers | undefined)?.count === 8,
    },
  }
}
