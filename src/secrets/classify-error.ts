import { grpcName } from '../model/cause/conditions.ts'
import { httpStatusOf } from '../model/cause/http-status.ts'
import type { SecretCode } from '../model/failure.ts'
import { errorChain, read } from '../model/permanence.ts'

/** How a read fails. */
export type ReadCode = Exclude<SecretCode, 'secret.watch-failed'>

const own = new Set<unknown>(['secret.unreachable', 'secret.missing', 'secret.denied', 'secret.invalid'])

const byCode: Readonly<Record<string, ReadCode>> = {
  ENOENT: 'secret.missing',
  ENOTDIR: 'secret.missing',
  NOT_FOUND: 'secret.missing',
  EACCES: 'secret.denied',
  EPERM: 'secret.denied',
  PERMISSION_DENIED: 'secret.denied',
  UNAUTHENTICATED: 'secret.denied',
  EISDIR: 'secret.invalid',
  ENAMETOOLONG: 'secret.invalid',
}

const byStatus: Readonly<Record<number, ReadCode>> = {
  401: 'secret.denied',
  403: 'secret.denied',
  404: 'secret.missing',
  410: 'secret.missing',
}

// The errors of secret managers' clients are told apart by their names, which are not shown.
const byName: readonly (readonly [RegExp, ReadCode])[] = [
  [/NotFound|NoSuch/, 'secret.missing'],
  [/AccessDenied|PermissionDenied|Forbidden|Unauthori[sz]ed|Unauthenticated/, 'secret.denied'],
]

/** What an error of a provider means: as it says itself, or as the known codes and names in its chain of causes do. */
export const classifyError = (error: unknown): ReadCode => {
  for (const link of errorChain(error)) {
    const code = codeOf(link)
    if (code !== undefined) return code
  }
  return 'secret.unreachable'
}

const codeOf = (link: object): ReadCode | undefined => {
  const code = read(link, 'code')
  const name = read(link, 'name')
  if (name === 'SecretError' && own.has(code)) return code as ReadCode
  if (typeof code === 'string' && Object.hasOwn(byCode, code)) return byCode[code]
  const grpc = typeof code === 'number' && typeof read(link, 'details') === 'string' ? grpcName(code) : undefined
  if (grpc !== undefined) return byCode[grpc]
  const status = httpStatusOf(link)
  if (status !== undefined && byStatus[status] !== undefined) return byStatus[status]
  return typeof name === 'string' ? byName.find(([pattern]) => pattern.test(name))?.[1] : undefined
}
