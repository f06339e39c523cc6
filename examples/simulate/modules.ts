import type { Applier, Reloader } from 'changeover'
import { z } from 'zod'

export const Config = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn']) }),
  queue: z.strictObject({ workers: z.number().int().min(1).max(8) }),
})
export type Config = z.infer<typeof Config>

/** Stands for something that exists once per process, such as a native logger or a global switch of a library. */
interface NativeLogger {
  level: string
}

/** Workers that run until the module is closed. */
export interface Workers {
  readonly count: number
  isRunning: boolean
}

/** The careless version: its rollback restores the level of the start, not the level that served before. */
export const carelessLevel = (target: NativeLogger): Applier<Config['log']> => {
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

/** The careful version: its commit saves the level that serves, just before it sets the new one. */
export const carefulLevel = (target: NativeLogger): Applier<Config['log']> => ({
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

type LevelModule = (target: NativeLogger) => Applier<Config['log']>

/** The modules of the service, as `createReloader` gets them, and an invariant that only the team can know. */
export const subjectWith = (level: LevelModule) => {
  let target: NativeLogger = { level: 'start' }
  return {
    schema: Config,
    modules: (reloader: Reloader<Config>) => {
      target = { level: 'start' } // each process has its own
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
