import { conditionOf, grpcName, redisCodeOf } from './conditions.ts'
import { errorChain, read } from '../permanence.ts'
import { httpStatusOf } from './http-status.ts'

/** The part of an error of user code or of a library that may be shown. */
export interface SafeCause {
  /** The name of the error's class if it is a known one, else `Error`. */
  readonly name: string
  /** The code of the error, or of an error that caused it, if it is one that is known to hold no data. */
  readonly code?: string
  /** What the code stands for in its system: `invalid_password` for `28P01` of PostgreSQL. */
  readonly condition?: string
  /** All known codes in its chain of causes, the outermost first, if there are several. */
  readonly codes?: readonly string[]
}

const MAX_CODES = 5

// The error classes of the language, Node and common libraries; any other name may be made from data.
const knownNames = new Set(
  'AbortError AggregateError ChangeoverError ClientClosedError ConnectionTimeoutError DatabaseError DOMException Error ErrorReply EvalError MaxRetriesPerRequestError RangeError ReferenceError Refusal ReplyError SchemaError SecretError SimpleError SocketClosedUnexpectedlyError SourceError SyntaxError SystemError TimeoutError TypeError URIError ValiError ZodError'.split(
    ' ',
  ),
)

/** Returns the part of an error that is safe to show: never a message or a stack. */
export const safeCause = (error: unknown): SafeCause => {
  try {
    if (!(error instanceof Error)) return { name: error === null ? 'null' : typeof error }
    const safeName = nameOf(error)
    const [first, ...rest] = codesOf(error)
    if (first === undefined) return { name: safeName }
    const { code, condition } = first
    return {
      name: safeName,
      code,
      ...(condition === undefined ? {} : { condition }),
      ...(rest.length === 0 ? {} : { codes: [first, ...rest].map((each) => each.code) }),
    }
  } catch {
    return { name: 'Error' } // a getter of the error threw
  }
}

/** The name of an error or of its class: that of pg is `error`, and its class is DatabaseError. */
const nameOf = (error: Error): string =>
  [error.name, error.constructor?.name].find((each) => each !== 'Error' && knownNames.has(each)) ?? 'Error'

/** Writes a cause: `DatabaseError 28P01 invalid_password`. */
export const describeCause = ({ name, code, condition, codes = [] }: SafeCause): string => {
  const later = codes.slice(1).map((each) => ` < ${each}${textOf(conditionOf(each))}`)
  return `${name}${textOf(code)}${textOf(condition)}${later.join('')}`
}

const textOf = (part: string | undefined): string => (part === undefined ? '' : ` ${part}`)

interface KnownCode {
  readonly code: string
  readonly condition: string | undefined
}

/** The known codes in the chain of causes: the outermost error seldom has one of its own. */
const codesOf = (error: Error): readonly KnownCode[] => {
  const codes = new Map<string, KnownCode>()
  for (const link of errorChain(error)) {
    const known = codeOf(link)
    if (known !== undefined && !codes.has(known.code)) codes.set(known.code, known)
    if (codes.size === MAX_CODES) break
  }
  return [...codes.values()]
}

const replyNames = new Set<unknown>(['ReplyError', 'ErrorReply', 'SimpleError'])

const codeOf = (link: object): KnownCode | undefined => {
  const code = read(link, 'code')
  if (typeof code === 'string') {
    const condition = conditionOf(code)
    if (condition !== undefined) return { code, condition }
  }
  if (typeof code === 'number' && typeof read(link, 'details') === 'string') {
    const name = grpcName(code)
    if (name !== undefined) return { code: name, condition: undefined }
  }
  return httpReply(link) ?? redisReply(link)
}

/** Clients of HTTP attach the status of the answer. */
const httpReply = (link: object): KnownCode | undefined => {
  const code = `HTTP_${httpStatusOf(link)}`
  const condition = conditionOf(code)
  return condition === undefined ? undefined : { code, condition }
}

/** Clients of redis put the code at the start of the message. */
const redisReply = (link: object): KnownCode | undefined => {
  const isReply =
    replyNames.has(read(link, 'name')) ||
    replyNames.has((read(link, 'constructor') as { name?: unknown } | undefined)?.name)
  const message = isReply ? read(link, 'message') : undefined
  const code = typeof message === 'string' ? redisCodeOf(message) : undefined
  return code === undefined ? undefined : { code, condition: conditionOf(code) }
}
