import type { ReadResult } from '../../../api/source.ts'
import type { ReloaderStatus } from '../../../api/status.ts'
import { isThenable } from '../../../async/thenable.ts'
import { isSameRevision } from '../../../model/revision.ts'
import type { Schema } from '../../../model/schema.ts'
import type { Subject } from '../scenario/subject.ts'
import type { Breach } from './run-log.ts'

/** How far a time that is shown may be off, in milliseconds: a clock that is set by less is not noticed. */
const TOLERANCE_MS = 1_001

/** Checks that no time in `status()` lies further away than it may: the wall clock can have been set since it was noted. */
export const checkTimes = (
  { quarantine, frozen, goodHistory, confirmation, since }: ReloaderStatus,
  { now, quarantineMs, confirmMs }: { readonly now: number; readonly quarantineMs: number; readonly confirmMs: number },
  breach: Breach,
): void => {
  for (const { nextTryAt = now } of quarantine) {
    if (nextTryAt > now + quarantineMs + TOLERANCE_MS) {
      breach('clock', `a config is quarantined for ${nextTryAt - now} ms; at most ${quarantineMs} ms are allowed`)
    }
  }
  if (confirmation !== undefined && confirmation.until > now + confirmMs + TOLERANCE_MS) {
    breach('clock', `a confirmation is awaited for ${confirmation.until - now} ms instead of ${confirmMs} ms`)
  }
  const past = [
    since,
    frozen?.since,
    ...quarantine.map((entry) => entry.since),
    ...goodHistory.map((good) => good.provedAt),
  ]
  if (past.some((time) => time !== undefined && time > now)) breach('clock', 'something has happened in the future')
}

/** Checks that the config is the document of its revision, with the keys in the order of that document. */
export const checkContent = <Config>(
  { serving }: ReloaderStatus,
  config: unknown,
  { written, subject, breach }: ContentDeps<Config>,
): void => {
  const document = written.find(({ revision }) => isSameRevision(revision, serving?.revision))
  const expected = configOf(document, subject)
  if (expected === undefined || textOf(expected.config) === textOf(config)) return
  breach(
    'content',
    `the config is not the document of revision ${serving?.revision.name}, or its keys have another order`,
  )
}

/** Checks that a valid document does not wait for the confirmation of the one before it. */
export const checkConfirming = <Config>(
  { waiting, quarantine }: ReloaderStatus,
  { written, subject, breach }: ContentDeps<Config>,
): void => {
  if (waiting?.reason !== 'confirmation' || quarantine.length > 0 || subject.options?.policies !== undefined) return
  const document = written.find(({ revision }) => isSameRevision(revision, waiting.revision))
  if (configOf(document, subject) !== undefined) {
    breach('confirm', `revision ${waiting.revision.name} waits for the confirmation of an older one`)
  }
}

interface ContentDeps<Config> {
  /** The latest documents of the source. */
  readonly written: readonly ReadResult[]
  readonly subject: Subject<Config>
  readonly breach: Breach
}

/** Returns the config that a document must become; undefined if that cannot be known at once, or if it is invalid. */
const configOf = <Config>(
  document: ReadResult | undefined,
  { schema, options }: Pick<Subject<Config>, 'schema' | 'options'>,
): { readonly config: unknown } | undefined => {
  if (document?.kind !== 'document' || typeof document.content !== 'string' || options?.parse !== undefined)
    return undefined
  try {
    return validated(schema, JSON.parse(document.content))
  } catch {
    return undefined
  }
}

const validated = <Config>(schema: Schema<Config>, value: unknown): { readonly config: unknown } | undefined => {
  const result = schema['~standard'].validate(value)
  if (isThenable(result) || result.issues !== undefined) return undefined
  return { config: result.value }
}

/** A config may have bigints, which JSON has not: it throws. */
const textOf = (config: unknown): string => {
  try {
    return JSON.stringify(config)
  } catch {
    return JSON.stringify(config, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
  }
}
