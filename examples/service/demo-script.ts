import type { Outcome } from 'changeover'
import { z } from 'zod'
import { Config } from './config.ts'

/** The service's config, and that of a module which only the demo has. */
export const DemoConfig = Config.extend({ search: z.strictObject({ hangs: z.boolean() }) })
export type DemoConfig = z.infer<typeof DemoConfig>

/** A config, or text that is none. */
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

/** What happens to it, and how each must end. */
export const acts: readonly { title: string; document: Document; outcome: Outcome }[] = [
  {
    title: 'Log level, cache interval and pool size change together',
    document: second,
    outcome: 'committed',
  },
  {
    title: 'A wrong password: nothing of the document is taken, the old pool goes on',
    document: { ...second, log: { level: 'trace' }, db: { max: 20, password: 'not-the-password' } },
    outcome: 'rolled-back',
  },
  {
    title: 'A document cut off half-way: no module is called',
    document: JSON.stringify(second).slice(0, 40),
    outcome: 'rejected',
  },
  {
    title: 'A module hangs: it is given up at its deadline',
    document: { ...second, log: { level: 'warn' }, search: { hangs: true } },
    outcome: 'rolled-back',
  },
  {
    title: 'A good document again',
    document: third,
    outcome: 'committed',
  },
]
