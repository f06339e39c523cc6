import type { SourceState } from '../api/status.ts'
import { lengthOf } from '../model/length-of.ts'
import type { Failure } from '../model/failure.ts'
import { failureFields } from '../transaction/log-fields.ts'
import type { Settings } from '../settings/settings.ts'

type OutageSettings = Pick<Settings, 'clock' | 'logger' | 'source'>

interface Outage {
  readonly since: number
  attempts: number
  /** The code of the last failure. */
  code: string
}

/**
 * Logs one line when the source is lost and one when it is back, instead of one for each attempt. A source that comes and
 * goes within seconds counts as lost all the time.
 */
export class SourceOutage {
  readonly #settings: OutageSettings
  #outage: Outage | undefined
  /** Set while the source is back, but has not stayed yet. */
  #recent: Outage | undefined

  constructor(settings: OutageSettings) {
    this.#settings = settings
  }

  /** Notes a failed read or a watch that broke. */
  note(failed: Failure): void {
    const { logger, clock } = this.#settings
    const { code } = failed
    const data = failureFields(failed)
    if (harmless.has(code)) return logger[code === 'source.stale' ? 'warn' : 'debug'](data, failed.message)
    const outage = this.#outage ?? this.#recent
    if (outage === undefined) logger.warn(data, `The source is lost: ${failed.message}. ${failed.hint}`)
    else logger.debug(data, failed.message)
    this.#outage = outage ?? { since: clock.monotonic(), attempts: 0, code }
    this.#outage.attempts += 1
    this.#outage.code = code
  }

  /** @param isSteady true if the watch has stayed open for a while */
  noteState(state: SourceState, isSteady: boolean): void {
    const wasRecent = this.#recent !== undefined
    if (isSteady) this.#recent = undefined
    const outage = this.#outage
    if (outage === undefined || state !== 'watching' || (wasRecent && !isSteady)) return
    this.#outage = undefined
    if (!isSteady) this.#recent = outage
    const { clock, logger, source } = this.#settings
    const durationMs = Math.round(clock.monotonic() - outage.since)
    const data = {
      source: source.name,
      endpoint: source.endpoint,
      durationMs,
      attempts: outage.attempts,
      code: outage.code,
    }
    const failures = `${outage.attempts} failure${outage.attempts === 1 ? '' : 's'}, the last ${outage.code}`
    logger.info(
      data,
      `The source is back after ${lengthOf(durationMs)} (${source.name} ${source.endpoint}, ${failures})`,
    )
  }
}

/** What passes by itself while the source answers. */
const harmless = new Set<string>(['source.compacted', 'source.stale'])
