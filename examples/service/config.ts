import { z } from 'zod'

/** What the config document of this service may hold. Unknown keys are refused: most of them are typing errors. */
export const Config = z.strictObject({
  log: z.strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  }),
  cache: z.strictObject({
    intervalMs: z.int().min(100).max(3_600_000),
  }),
  db: z.strictObject({
    // During a swap the old pool and the new one hold connections: twice this must fit into the server's max_connections.
    max: z.int().min(1).max(40),
    // Over those of DATABASE_URL, so that credentials can be rotated without a restart.
    user: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
  }),
})

export type Config = z.infer<typeof Config>
