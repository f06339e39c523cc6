import { ignoreRejection } from '../async/thenable.ts'
import type { Logger } from '../api/options.ts'

const noop = (): void => {}
const silent: Logger = { debug: noop, info: noop, warn: noop, error: noop }

/** The user's logger, or none, such that a logger that throws or rejects changes nothing. */
export const safeLogger = (logger: Logger | undefined): Logger => {
  if (logger === undefined) return silent
  const guard =
    (level: keyof Logger) =>
    (data: object, message: string): void => {
      try {
        ignoreRejection(logger[level](data, message))
      } catch {
        // Where logging fails there is nowhere left to say so.
      }
    }
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') }
}
