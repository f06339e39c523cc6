import type { Settings } from '../settings/settings.ts'

/** The settings by which documents are checked: all that the command needs of them. */
export type BuilderSettings = Pick<
  Settings,
  'schema' | 'public' | 'maxDocumentBytes' | 'policies' | 'parse' | 'clock'
> & {
  /** Undefined for the command, which checks for all builds. */
  readonly build?: string
  readonly source: Pick<Settings['source'], 'name' | 'endpoint'>
  readonly deadlines: Pick<Settings['deadlines'], 'validateMs'>
}
