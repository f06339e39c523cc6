import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Applier, defineApplier, type Generation } from '../../../src/api/applier.ts'
import type { GoodStore } from '../../../src/api/good-store.ts'
import type { Schema, SchemaResult } from '../../../src/model/schema.ts'
import type { Logger, ReloaderOptions } from '../../../src/api/options.ts'
import { createReloader } from '../../../src/reloader/reloader.ts'
import type { Source } from '../../../src/api/source.ts'

/** `fails` says where this config fails; `abortMs` how long after its commit it ends the process. */
export interface Config {
  readonly value: number
  readonly fails?: 'prepare' | 'commit' | 'apply' | 'check'
  readonly abortMs?: number
  readonly pad?: string
}

const members: Readonly<Record<string, (value: unknown) => boolean>> = {
  value: Number.isSafeInteger,
  fails: (value) => value === undefined || ['prepare', 'commit', 'apply', 'check'].includes(value as string),
  abortMs: (value) => value === undefined || Number.isSafeInteger(value),
  pad: (value) => value === undefined || typeof value === 'string',
}

/** Returns true for a config of this service. */
export const isConfig = (value: unknown): value is Config => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const keys = Object.keys(value)
  return keys.includes('value') && keys.every((key) => members[key]?.((value as Record<string, unknown>)[key]) === true)
}

/** Called before every step: a process may stop in `wait`, but not in `sync`. */
export interface Steps {
  readonly sync: (name: string) => void
  readonly wait: (name: string) => Promise<void>
}

const noSteps: Steps = { sync: () => {}, wait: async () => {} }

const schemaOf = ({ wait }: Steps): Schema<Config> => ({
  '~standard': {
    version: 1,
    vendor: 'survival',
    validate: async (input): Promise<SchemaResult<Config>> => {
      if (!isConfig(input)) return { issues: [{ message: 'not a config of this service' }] }
      await wait(`validate ${input.value}`)
      return { value: input }
    },
  },
})

const failWhere = (config: Config, where: Config['fails']): void => {
  if (config.fails === where) throw new Error('this config fails')
}

/** Creates a module with generations. Configs fail in the second one, so that the first has something to roll back. */
const generations = (
  name: 'a' | 'b',
  { sync, wait }: Steps,
  isFixed: boolean,
): Applier<Config, { readonly value: number }> => ({
  prepare: async (config): Promise<Generation<{ readonly value: number }>> => {
    const { value } = config
    const failIf = (where: Config['fails']): void => (name === 'b' ? failWhere(config, where) : undefined)
    await wait(`prepare ${name} ${value}`)
    failIf('prepare')
    await wait(`prepared ${name} ${value}`)
    return {
      instance: { value },
      commit: () => {
        sync(`commit ${name} ${value}`)
        if (name === 'b' && config.abortMs !== undefined && !isFixed) setTimeout(() => process.abort(), config.abortMs)
        failIf('commit')
      },
      rollback: () => sync(`roll back ${name} ${value}`) as undefined,
      check: async () => {
        await wait(`check ${name} ${value}`)
        failIf('check')
      },
      close: () => wait(`close ${name} ${value}`),
    }
  },
})

/** Replaces a file atomically, so that a crash leaves the old one or the new one. */
export const replaceFile = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

/** The value that the compensating module has set. */
export interface Effects {
  readonly set: (value: number) => void
  readonly get: () => number
}

/** Keeps effects in a file, which outlives the process. */
export const effectsIn = (path: string): Effects => ({
  set: (value) => replaceFile(path, String(value)),
  get: () => Number(readFileSync(path, 'utf8')),
})

/** The parts of a service. */
export interface ServiceOptions extends Partial<Omit<ReloaderOptions<Config>, 'source' | 'schema'>> {
  readonly source: Source
  readonly effects: Effects
  readonly lastKnownGood?: string | GoodStore
  readonly steps?: Steps
  /** True for a program that no config can crash. */
  readonly isFixed?: boolean
}

/** What a start may say although all is well: of its schema, and of the config that it has restored. */
const notices = new Set(['schema.names-hidden', 'persistence.restored'])

/** Collects the codes that a service logs, without notices; `codes` are warnings and errors, `errors` only errors. */
export const createLog = () => {
  const codes: string[] = []
  const errors: string[] = []
  const writeTo =
    (...logs: string[][]) =>
    (data: object): void => {
      const { changeover } = data as { readonly changeover?: { readonly code?: string; readonly outcome?: string } }
      const word = changeover?.code ?? changeover?.outcome
      if (word !== undefined && !notices.has(word)) for (const log of logs) log.push(word)
    }
  const logger: Logger = { debug: () => {}, info: () => {}, warn: writeTo(codes), error: writeTo(codes, errors) }
  return { logger, codes, errors }
}

/** Creates a whole service: two modules with generations, and one that changes a file in place. */
export const createService = ({ effects, steps = noSteps, isFixed = false, ...options }: ServiceOptions) => {
  const { wait } = steps
  const reloader = createReloader<Config>({ schema: schemaOf(steps), ...options })
    .use('a', (config) => config, generations('a', steps, isFixed))
    .use('b', (config) => config, generations('b', steps, isFixed), { after: ['a'] })
    .use(
      'c',
      (config) => config,
      defineApplier<Config>({
        apply: async (config, _previous, { direction }) => {
          const { value } = config
          await wait(`${direction === 'forward' ? 'apply' : 'undo'} c ${value}`)
          effects.set(value)
          await wait(`applied c ${value}`)
          failWhere(config, 'apply')
        },
        close: () => wait('close c'),
      }),
      { after: ['b'] },
    )
  return {
    reloader,
    /** Returns what serves; undefined if nothing does; a mix is an error. */
    served: (): number | undefined => {
      const { serving } = reloader.status()
      if (serving === undefined) return undefined
      const { a, b } = reloader.modules
      const values = [reloader.config.value, a.current.value, b.current.value, effects.get()]
      if (values.some((value) => value !== values[0])) throw new Error(`a mix serves: ${values.join()}`)
      return values[0]
    },
  }
}

export type Service = ReturnType<typeof createService>

/** Names the files of a service, all in one folder. */
export const filesIn = (folder: string) => ({
  document: join(folder, 'document'),
  effects: join(folder, 'effects', 'c'),
  goodFile: join(folder, 'kept', 'good'),
})
