import { readFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type SourceTarget, targetOf } from '../../api/internal/source-target.ts'
import { formatNames } from '../../formats/format-names.ts'
import type { FormatName } from '../../formats/text-format.ts'
import { changeoverError } from '../../model/failure.ts'
import { usage } from './flags.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export type FlagValues = Readonly<Record<string, string | boolean | undefined>>

/** What holds the document. */
export type DocumentTarget = EtcdTarget | { readonly kind: 'file'; readonly path: string }

/** A key of etcd. */
export interface EtcdTarget {
  readonly kind: 'etcd'
  readonly options: EtcdOptions
}

/** Options of a source of etcd, with one key. */
export type EtcdOptions = { readonly hosts: string | readonly string[]; readonly key: string } & Readonly<
  Record<string, unknown>
>

/** Flags count more than the environment, and that counts more than the file. */
export const resolveTarget = async (
  flags: FlagValues,
  env: Environment,
  source: object | undefined,
  folder: string,
): Promise<DocumentTarget> => {
  const setting = settingsOf(flags, env)
  const isEtcdNamed = flags.hosts !== undefined || flags.key !== undefined
  const file = flags.file ?? (isEtcdNamed ? undefined : setting('file'))
  if (typeof file === 'string') {
    if (isEtcdNamed) throw usage('--file excludes --hosts and --key')
    return { kind: 'file', path: resolve(folder, file) }
  }
  const [hosts, named] = [setting('hosts'), setting('key')]
  const own = configured(source, named !== undefined)
  if (own?.kind === 'file' && hosts === undefined && named === undefined) return own
  const base: Partial<EtcdOptions> = own?.kind === 'etcd' ? own.options : {}
  const key = named ?? base.key
  const where = hosts === undefined ? base.hosts : hosts.split(',').map((host) => host.trim())
  if (where === undefined || key === undefined) throw missing(where === undefined ? 'hosts' : 'key')
  return { kind: 'etcd', options: { ...base, ...(await connectionOf(setting, folder)), hosts: where, key } }
}

const missing = (what: string) =>
  changeoverError('command.no-target', {
    detail: what === 'hosts' ? 'no hosts and no file are named' : 'no key is named',
  })

type Setting = (name: string) => string | undefined

/** Reads what a flag says, or else the variable of its name. */
export const settingsOf =
  (flags: FlagValues, env: Environment): Setting =>
  (name) => {
    const flag = flags[name]
    if (typeof flag === 'string') return flag
    const variable = env[`CHANGEOVER_${name.toUpperCase().replace(/-/g, '_')}`]
    return variable === '' ? undefined : variable
  }

const connectionOf = async (setting: Setting, folder: string): Promise<object> => {
  const [namespace, user] = [setting('namespace'), setting('user')]
  const [ca, cert, certKey] = [setting('ca'), setting('cert'), setting('cert-key')]
  const read = (path: string): Promise<Buffer> => readPart(resolve(folder, path))
  if (ca === undefined && cert !== undefined) throw usage('--cert needs --ca')
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(user === undefined ? {} : { auth: { username: user, password: await passwordOf(setting, read) } }),
    ...(ca === undefined
      ? {}
      : {
          credentials: {
            rootCertificate: await read(ca),
            ...(cert === undefined ? {} : { certChain: await read(cert) }),
            ...(certKey === undefined ? {} : { privateKey: await read(certKey) }),
          },
        }),
  }
}

const passwordOf = async (setting: Setting, read: (path: string) => Promise<Buffer>): Promise<string> => {
  const file = setting('password-file')
  // A file that was written by echo ends with a line break, which belongs to no password.
  if (file !== undefined) return (await read(file)).toString('utf8').replace(/\r?\n$/, '')
  const password = setting('password')
  if (password === undefined) throw usage('--user needs a password: CHANGEOVER_PASSWORD or --password-file')
  return password
}

/** Reads a file that a flag names. */
const readPart = async (path: string): Promise<Buffer> => {
  try {
    return await readFile(path)
  } catch (error) {
    throw changeoverError('command.file-failed', { detail: path }, error)
  }
}

/** What the file says: a source, or the options of one, which load nothing until they are used. */
const configured = (source: object | undefined, isKeyNamed: boolean): DocumentTarget | PartialTarget | undefined => {
  const target = source === undefined ? undefined : (targetOf(source) ?? describedTarget(source))
  if (target === undefined) return undefined
  if (target.kind === 'file') {
    const { path } = target.options as { readonly path: string | URL }
    return { kind: 'file', path: path instanceof URL ? fileURLToPath(path) : path }
  }
  if (target.kind === 'layers' || target.kind === 'fixed') {
    if (isKeyNamed) return undefined
    throw notWritable('the layer is neither a key of etcd nor a file')
  }
  const { prefix, values: _, settleMs: __, ...connection } = target.options as Readonly<Record<string, unknown>>
  if (prefix === undefined || isKeyNamed) return { kind: 'etcd', options: connection }
  throw notWritable('the source is a prefix of etcd, whose keys form the document')
}

interface PartialTarget {
  readonly kind: 'etcd'
  readonly options: Partial<EtcdOptions>
}

const describedTarget = (source: object): SourceTarget | undefined => {
  if ('hosts' in source) return { kind: 'etcd', options: source }
  return 'path' in source ? { kind: 'file', options: source } : undefined
}

const notWritable = (detail: string) => changeoverError('command.not-writable', { detail })

const byEnding: Readonly<Record<string, FormatName>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.toml': 'toml',
  '.jsonc': 'jsonc',
}

/** The format of a document: as named, or as the file of the source is read, or by the ending of a name. */
export const formatOf = (
  flags: FlagValues,
  source: object | undefined,
  names: readonly (string | undefined)[],
): FormatName => {
  const { format } = flags
  if (format !== undefined) {
    const known = formatNames.find((name) => name === format)
    if (known === undefined) throw usage(`--format must be ${formatNames.join(', ')}`)
    return known
  }
  const target = source === undefined ? undefined : (targetOf(source) as { readonly options?: object } | undefined)
  const options = target?.options as { readonly format?: FormatName } | undefined
  const declared = options?.format ?? (source as { readonly format?: FormatName } | undefined)?.format
  if (declared !== undefined) return declared
  return names.flatMap((name) => byEnding[extname(name ?? '').toLowerCase()] ?? [])[0] ?? 'json'
}
