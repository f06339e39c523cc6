import type { Outcome } from 'changeover'
import { z } from 'zod'
import { Config } from './config.ts'

/** The config of the service, and of a module that only the demo has. */
export const DemoConfig = Config.extend({ search: z.strictObject({ hangs: z.boolean() }) })
export type DemoConfig = z.infer<typeof DemoConfig>

/** A config, or text that is not a config. */
export type Document = DemoConfig | string

const first: DemoConfig = {
  log: { level: 'info' },
  cache: { intervalMs: 5_000 },
  db: { max: 5 },
  search: { hangs: false },
}
const second: DemoConfig = { ...first, log: { level: 'debug' }, cache: { intervalMs: 1_000 }, db: { max: 10 } }
const third: DemoConfig = { ...second, log: { level: 'warn' }, db: { max: 8 } }

export const start = { title: 'The service starts', document: first }

/** The documents that are written in turn, and the outcome that each must have. */
export const acts: readonly { title: string; document: Document; outcome: Outcome }[] = [
  {
    title: 'Log level, cache interval and pool size change together',
    document: second,
    outcome: 'committed',
  },
  {
    title: 'A wrong password: nothing of the document is applied, and the old pool keeps serving',
    document: { ...second, log: { level: 'trace' }, db: { max: 20, password: 'not-the-password' } },
    outcome: 'rolled-back',
  },
  {
    title: 'A truncated document: no module is called',
    document: JSON.stringify(second).slice(0, 40),
    outcome: 'rejected',
  },
  {
    title: 'A module hangs: it is abandoned at its deadline',
    document: { ...second, log: { level: 'warn' }, search: { hangs: true } },
    outcome: 'rolled-back',
  },
  {
    title: 'A valid document again',
    document: third,
    outcome: 'committed',
  },
]
