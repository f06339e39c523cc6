import { z } from 'zod'

export const Config = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn']) }),
  greeting: z.string().min(1),
  page: z.strictObject({ limit: z.int().min(1).max(100), ttlMs: z.int().min(0) }),
  // The document holds a reference: { $secret: file:api-token }.
  api: z.strictObject({ token: z.string().min(8) }),
})

export type Config = z.infer<typeof Config>

/** What holds if no layer says otherwise. */
export const base = { log: { level: 'info' }, page: { limit: 10, ttlMs: 60_000 } }
