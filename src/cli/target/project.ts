import type { ReloaderOptions } from '../../api/options.ts'
import type { Schema } from '../../model/schema.ts'
import { type ChangeoverError, changeoverError, isChangeoverError } from '../../model/failure.ts'
import { type PathSettings, resolvePathSettings } from '../../settings/path-settings.ts'

type Options = ReloaderOptions<unknown>

/** What `changeover.config` says: the options of the reloader that the command needs. */
export interface Project {
  /** The file; undefined if there is none. */
  readonly path: string | undefined
  readonly source: object | undefined
  readonly schema: Schema | undefined
  readonly policies: NonNullable<Options['policies']>
  readonly public: readonly string[]
  readonly parse: ((text: string) => unknown) | undefined
  readonly restart: PathSettings['restart']
  /** The names of the providers of secrets; undefined if the file does not say. */
  readonly providers: readonly string[] | undefined
  readonly maxDocumentBytes: number | undefined
}

export const noProject: Project = {
  path: undefined,
  source: undefined,
  schema: undefined,
  policies: [],
  public: [],
  parse: undefined,
  restart: { paths: [], policy: 'warn' },
  providers: undefined,
  maxDocumentBytes: undefined,
}

/** Checks what a file exports. Names that only a reloader needs are not looked at. */
export const projectOf = (path: string, given: Readonly<Record<string, unknown>>): Project => {
  const { source, schema, policies = [], parse, secrets, maxDocumentBytes } = given
  const refuse = (detail: string) => changeoverError('command.config-failed', { detail })
  if (source !== undefined && (typeof source !== 'object' || source === null)) throw refuse('source must be a Source')
  const isSchema = typeof (schema as Schema | undefined)?.['~standard']?.validate === 'function'
  if (schema !== undefined && !isSchema) throw refuse('schema must be a Standard Schema: zod, valibot, arktype')
  const arePolicies = Array.isArray(policies) && policies.every((policy) => typeof policy === 'function')
  if (!arePolicies) throw refuse('policies must be an array of functions')
  if (parse !== undefined && typeof parse !== 'function') throw refuse('parse must be a function')
  const paths = pathSettingsOf(given, refuse)
  return {
    path,
    source: source as object | undefined,
    schema: schema as Schema | undefined,
    policies: policies as Project['policies'],
    public: paths.public,
    parse: parse as Project['parse'],
    restart: paths.restart,
    providers: typeof secrets === 'object' && secrets !== null ? Object.keys(secrets) : undefined,
    maxDocumentBytes: typeof maxDocumentBytes === 'number' ? maxDocumentBytes : undefined,
  }
}

/** The reloader's own checks, with the name of the file in the error. */
const pathSettingsOf = (
  given: Readonly<Record<string, unknown>>,
  refuse: (detail: string) => ChangeoverError,
): PathSettings => {
  try {
    return resolvePathSettings(given as Parameters<typeof resolvePathSettings>[0])
  } catch (error) {
    throw isChangeoverError(error) ? refuse(error.failures[0]?.detail ?? '') : error
  }
}
