import { parseArgs } from 'node:util'
import { changeoverError } from '../../model/failure.ts'
import { refuseSecrets } from './secrets-in-flags.ts'

/** A flag of the command line. */
export interface FlagSpec {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** The name of its value in the help. */
  readonly value?: string
  readonly help: string
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>

/** The flags that every command knows. */
export const commonFlags: FlagSpecs = {
  config: {
    type: 'string',
    value: 'FILE',
    help: 'the changeover.config to use; the one in this folder if it is left out',
  },
  hosts: { type: 'string', value: 'URL,…', help: 'the addresses of etcd' },
  key: { type: 'string', value: 'KEY', help: 'the key of the document in etcd' },
  namespace: { type: 'string', value: 'TEXT', help: 'prepended to the key' },
  user: { type: 'string', value: 'NAME', help: 'the user of etcd; the password comes from CHANGEOVER_PASSWORD' },
  'password-file': { type: 'string', value: 'FILE', help: 'a file with the password' },
  ca: { type: 'string', value: 'FILE', help: 'the certificate authorities that are trusted, in PEM' },
  cert: { type: 'string', value: 'FILE', help: 'the certificate of the client, in PEM' },
  'cert-key': { type: 'string', value: 'FILE', help: 'the key of the certificate, in PEM' },
  file: { type: 'string', value: 'FILE', help: 'the file that is the document, instead of etcd' },
  layer: {
    type: 'string',
    value: 'NAME',
    help: 'the layer to work on, if the source is made of layers; the only one that can be written if it is left out',
  },
  format: {
    type: 'string',
    value: 'NAME',
    help: 'json, jsonc, yaml or toml; by the name of the file if it is left out',
  },
  timeout: { type: 'string', value: '10s', help: 'how long to wait for etcd or another publisher' },
  'show-values': { type: 'boolean', help: 'show values that are not public' },
  json: { type: 'boolean', help: 'print one JSON object' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
}

export interface ParsedFlags {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly positionals: readonly string[]
}

/** Reads flags. A text that looks like a secret is refused, and is not repeated in the error. */
export const parseFlags = (argv: readonly string[], specs: FlagSpecs): ParsedFlags => {
  refuseSecrets(argv)
  try {
    const options = Object.fromEntries(
      Object.entries(specs).map(([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }]),
    )
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true })
    return { values: values as ParsedFlags['values'], positionals }
  } catch (error) {
    // The first sentence names the flag; a value is not part of it.
    const flag = /'(-{1,2}[\w-]+)/.exec(error instanceof Error ? error.message : '')?.[1]
    throw usage(flag === undefined ? 'a flag is not known' : `${flag} is not known, or has no value, or one too many`)
  }
}

export const usage = (detail: string) => changeoverError('command.usage', { detail })

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const LONGEST_MS = 24 * 3_600_000

/** Reads a time such as `500ms`, `10s` or `2m`. */
export const durationOf = (flag: string, text: string): number => {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? []
  const ms = Number(amount) * (units[unit] ?? Number.NaN)
  if (!(ms > 0 && ms <= LONGEST_MS)) throw usage(`--${flag} must be a time such as 500ms, 10s or 2m, at most 24h`)
  return ms
}
