import { passReloader } from '../api/internal/attached-reloader.ts'
import { failure, type SourceCode } from '../model/failure.ts'
import type { Settings } from '../settings/settings.ts'
import type { Report } from '../xstate/inspection.ts'

type AttachSettings = Pick<
  Settings,
  'source' | 'schema' | 'clock' | 'random' | 'logger' | 'deadlines' | 'sourceBackoff'
>

/** Hands the source what it may use. A source is user code: what it throws is reported, and it is read all the same. */
export const attachSource = (settings: AttachSettings, report: Report): void => {
  const { source, schema, clock, random, logger, deadlines, sourceBackoff } = settings
  const reportOf = (code: SourceCode, detail?: string, cause?: unknown): void =>
    report(failure(code, { phase: 'fetching', ...(detail === undefined ? {} : { detail }) }, cause))
  const context = { schema, clock, random, logger, readMs: deadlines.readMs, backoff: sourceBackoff, report: reportOf }
  try {
    source.attach?.(passReloader(settings, context))
  } catch (error) {
    report(failure('source.failed', { phase: 'fetching', detail: `${source.name} ${source.endpoint}` }, error))
  }
}
