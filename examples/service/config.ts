import { z } from 'zod'

/** The config document of this service. Unknown keys are rejected, since most of them are typing errors. */
export const Config = z.strictObject({
  log: z.strictObject({
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  }),
  cache: z.strictObject({
    intervalMs: z.int().min(100).max(3_600_000),
  }),
  db: z.strictObject({
    // During a change both pools hold connections, so twice this number must fit into the server's max_connections.
    max: z.int().min(1).max(40),
    // These override DATABASE_URL, so that credentials can be rotated without a restart.
    user: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
  }),
})

export type Config = z.infer<typeof Config>
