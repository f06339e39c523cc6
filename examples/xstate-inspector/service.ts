import { createReloader, type MachineInspector, type Outcome } from 'changeover'
import { logLevel, resource } from 'changeover/appliers'
import { fileSource } from 'changeover/file'
import { pino } from 'pino'
import { z } from 'zod'

const Config = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn']) }),
  db: z.strictObject({ max: z.int().min(1), password: z.string().min(1) }),
})
type Config = z.infer<typeof Config>

/** A stand-in for a connection pool. Its errors contain the password, as the errors of real drivers do. */
const pool = resource<Config['db'], { readonly max: number }>({
  open: ({ max, password }) => {
    if (max > 20) throw new Error(`too many connections for app:${password}`)
    return { max }
  },
  close: () => {},
})

/** Creates a small service whose machines the inspector follows. It does not try a failed config again while that looks. */
export const createService = (path: string, inspect: MachineInspector) =>
  createReloader({
    source: fileSource({ path, settleMs: 0 }),
    schema: Config,
    soak: 100,
    quarantine: { minMs: 600_000 },
    inspect,
  })
    .use('logger', (config) => config.log, logLevel(pino({}, { write: () => {} })))
    .use('db', (config) => config.db, pool, { after: ['logger'] })

/** No frame may contain one of these. */
export const passwords = ['open-sesame', 'correct-horse', 'battery-staple', 'hunter2']
const [first = '', second = '', third = '', fourth = ''] = passwords

const textOf = (level: string, max: number, password: string): string =>
  JSON.stringify({ log: { level }, db: { max, password } })

/** The documents that are written in turn, and the outcome that each must have. */
export const acts: readonly { readonly title: string; readonly text: string; readonly outcome: Outcome }[] = [
  { title: 'The service starts', text: textOf('info', 5, first), outcome: 'committed' },
  { title: 'Log level and pool change together', text: textOf('debug', 10, second), outcome: 'committed' },
  { title: 'A pool that cannot be opened', text: textOf('warn', 50, third), outcome: 'rolled-back' },
  { title: 'A truncated document', text: textOf('info', 5, fourth).slice(0, -9), outcome: 'rejected' },
]
