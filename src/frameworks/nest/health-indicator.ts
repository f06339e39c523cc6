import { observationOf } from '../../api/internal/observation.ts'
import type { NestService } from './nest-service.ts'

/** What Terminus learns of the config: plain data without config values. */
export interface ConfigHealth {
  readonly status: 'up' | 'down'
  readonly state: string
  /** The name of the revision that serves. */
  readonly revision?: string
  /** Present while the source cannot be read. */
  readonly stale?: { readonly since: number }
  /** The modules that may not serve the config. */
  readonly degraded: readonly string[]
}

/**
 * The indicator for Terminus. It is down before the first commit and from the call of `close` on. A reload that fails never
 * turns it down: the application serves what it served.
 *
 * @example
 * ```ts
 * check = () => this.health.check([() => this.config.isHealthy()])
 * ```
 */
export class ChangeoverHealthIndicator {
  readonly #service: NestService

  constructor(service: NestService) {
    this.#service = service
  }

  /** Returns the state of the config under this key. @default 'config' */
  isHealthy<Key extends string = 'config'>(key: Key = 'config' as Key): Record<Key, ConfigHealth> {
    const { status: statusOf, isClosing } = observationOf(this.#service.reloader)
    const { state, serving, stale, degraded } = statusOf()
    const health: ConfigHealth = {
      status: serving !== undefined && !isClosing() ? 'up' : 'down',
      state,
      ...(serving === undefined ? {} : { revision: serving.revision.name }),
      ...(stale === undefined ? {} : { stale }),
      degraded,
    }
    return { [key]: health } as Record<Key, ConfigHealth>
  }
}
