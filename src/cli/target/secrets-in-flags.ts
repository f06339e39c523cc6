import { meaningsOf } from './value-meanings.ts'
import type { Path } from '../../model/data/not-plain.ts'
import { changeoverError } from '../../model/failure.ts'

/** Makes the error for a secret on the command line; `detail` says where it is. */
export const secret = (detail: string) => changeoverError('command.secret-in-flags', { detail })

const SECRET_FLAG =
  /^--?(?:[\w-]*(?:password|passwd|pwd|passphrase|secret|token|credentials?|api-?key|private-?key)|pass|pw|bearer)(?:=|$)/i
/** As other programs take a password: `-p VALUE`, `-pVALUE`. No command has such a flag. */
const SHORT_PASSWORD = /^-p/
const ADDRESS_WITH_PASSWORD = /[a-z][a-z\d+.-]*:\/\/[^\s/@:]*:[^\s/@]+@/i
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/

/**
 * Refuses arguments that look like secrets, and repeats none of them.
 *
 * @throws ChangeoverError `command.secret-in-flags`
 */
export const refuseSecrets = (argv: readonly string[]): void => {
  const end = argv.indexOf('--')
  const flags = end === -1 ? argv : argv.slice(0, end)
  const flag = flags.find((argument) => SECRET_FLAG.test(argument))
  if (flag !== undefined) throw secret(flag.split('=', 1)[0] ?? '')
  if (flags.some((argument) => SHORT_PASSWORD.test(argument))) throw secret('-p')
  if (argv.some((argument) => ADDRESS_WITH_PASSWORD.test(argument))) throw secret('an address with a password')
  if (argv.some((argument) => PRIVATE_KEY.test(argument))) throw secret('a private key')
  const assigned = argv.flatMap((argument) => assignedSecretIn(argument) ?? []).at(0)
  if (assigned !== undefined) throw secret(`the value of ${assigned}`)
  if (valuesOf(flags, '--hosts').some((hosts) => hosts.includes('@'))) throw secret('--hosts with a user')
  if (valuesOf(flags, '--user').some((user) => user.includes(':'))) throw secret('--user with a password')
}

const valuesOf = (argv: readonly string[], name: string): readonly string[] =>
  argv.flatMap((argument, index) => {
    if (argument === name) return argv[index + 1] ?? []
    return argument.startsWith(`${name}=`) ? argument.slice(name.length + 1) : []
  })

/** `db.password=…` within an argument, as `override` takes it. What begins an object or a list is read as a whole. */
const assignedSecretIn = (argument: string): string | undefined => {
  const text = argument.replace(/^--[\w-]+=/, '')
  for (const [, key = '', value = ''] of text.matchAll(/([\w-]+)=([^\s{[]\S*)/g)) {
    const found = value === '-' ? undefined : secretIn([key], meaningsOf(value)[0])
    if (found !== undefined) return found
  }
  return undefined
}

/** Keys whose text does not belong on a command line. */
const SECRET_KEY = /pass(?:(?:word|wd|phrase)s?)?$|pwds?$|secret|token|credential|private[-_]?key|api[-_]?key/i
/** Keys whose number may be one too: not `maxTokens`, or `tokenTtl`. */
const SECRET_NUMBER = /(?:pass(?:word|wd|phrase|code)?|pwd|\bpin|secret|token|credential|key)$/i

/**
 * Returns the key of a secret in a value that is set at a path; undefined if there is none. A reference such as
 * `{ "$secret": "vault:db" }` is none.
 */
export const secretIn = (path: Path, value: unknown): string | undefined => {
  const key = String(path.findLast((one) => !/^\d+$/.test(String(one))))
  if (typeof value === 'string') return value !== '' && SECRET_KEY.test(key) ? key : undefined
  if (typeof value === 'number') return SECRET_KEY.test(key) && SECRET_NUMBER.test(key) ? key : undefined
  if (typeof value !== 'object' || value === null || Object.hasOwn(value, '$secret')) return undefined
  const members = Array.isArray(value) ? value.map((item: unknown) => [key, item] as const) : Object.entries(value)
  for (const [name, member] of members) {
    const found = secretIn([name], member)
    if (found !== undefined) return found
  }
  return undefined
}
