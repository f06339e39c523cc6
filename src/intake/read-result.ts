import type { MalformedEntry, ReadResult, SourceEvent } from '../api/source.ts'
import { isThenable } from '../async/thenable.ts'
import { codeTable, type SourceCode } from '../model/error-codes.ts'
import type { Revision } from '../model/revision.ts'

/** Thrown for what a source must not do. The detail says what was seen, never a value. */
export class ContractBreach extends TypeError {
  readonly detail: string

  constructor(detail: string) {
    super(detail)
    this.detail = detail
  }
}

/** True for a code of this kind that exists. */
export const isCode = (code: unknown, of: 'source' | 'document'): boolean =>
  typeof code === 'string' && code.startsWith(`${of}.`) && Object.hasOwn(codeTable, code)

/**
 * Copies what a source has read: a source is user code too, and half a result must not reach the machines.
 *
 * @throws ContractBreach for anything else
 */
export const toReadResult = (value: ReadResult): ReadResult => copied(() => copyOfResult(value))

/**
 * Copies an event of a watch.
 *
 * @throws ContractBreach for anything else
 */
export const toSourceEvent = (value: SourceEvent): SourceEvent =>
  copied(() => {
    const { kind } = toObject(value, 'an event of the watch')
    return kind === 'opened' || kind === 'changed' ? { kind } : copyOfResult(value as ReadResult)
  })

/** A getter of the source's object may throw. */
const copied = <T>(copy: () => T): T => {
  try {
    return copy()
  } catch (error) {
    if (error instanceof ContractBreach) throw error
    throw new ContractBreach('a property cannot be read')
  }
}

const copyOfResult = (value: ReadResult): ReadResult => {
  toObject(value, 'a read result')
  const common = { revision: toRevision(value.revision), ...toWarning(value.warning) }
  switch (value.kind) {
    case 'missing':
      return { kind: value.kind, ...common }
    case 'malformed': {
      const { kind, code, entry, cause } = value
      if (!isCode(code, 'document')) throw new ContractBreach('the code of a malformed document is not a document code')
      return { kind, ...common, code, ...(entry === undefined ? {} : { entry: toEntry(entry) }), cause }
    }
    case 'document': {
      const { kind, fingerprint } = value
      if (fingerprint !== undefined) expectType('fingerprint', fingerprint, 'string')
      const content = toContent(value.content)
      return { kind, ...common, content, ...(fingerprint === undefined ? {} : { fingerprint }) }
    }
    default:
      throw new ContractBreach('the kind of a read result is not document, missing or malformed')
  }
}

const toObject = <T extends object>(value: T, what: string): T => {
  if (typeof value === 'object' && value !== null) return value
  throw new ContractBreach(`${what} is ${nameOfType(value)} instead of an object`)
}

const toRevision = (value: Revision): Revision => {
  const { lineage, order, name } = toObject(value, 'a revision')
  expectType('lineage', lineage, 'string')
  expectType('order', order, 'number')
  expectType('name', name, 'string')
  if (!Number.isFinite(order)) throw new ContractBreach('the order of a revision is not a finite number')
  return { lineage, order, name }
}

const expectType = (field: string, value: unknown, type: 'string' | 'number'): void => {
  if (typeof value !== type) throw new ContractBreach(`${field} is ${nameOfType(value)} instead of a ${type}`)
}

// A copy, since a source may use its buffer again.
const toContent = (content: string | Uint8Array): string | Uint8Array => {
  if (typeof content === 'string') return content
  if (isBytes(content)) return new Uint8Array(content)
  throw new ContractBreach(`content is ${nameOfType(content)} instead of text or bytes`)
}

// `instanceof` does not know the arrays of another realm, as in Jest.
const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'

const toWarning = (warning: SourceCode | undefined): { readonly warning?: SourceCode } => {
  if (warning === undefined) return {}
  if (isCode(warning, 'source')) return { warning }
  throw new ContractBreach('the warning of a read result is not a source code')
}

const toEntry = ({ key, index, count }: MalformedEntry): MalformedEntry => {
  const isEntry = Array.isArray(key) && key.every((segment) => typeof segment === 'string')
  if (isEntry && Number.isSafeInteger(index) && Number.isSafeInteger(count)) return { key: [...key], index, count }
  throw new ContractBreach('the entry of a malformed document is not { key, index, count }')
}

const nameOfType = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (isThenable(value)) return 'a promise'
  const type = Array.isArray(value) ? 'array' : typeof value
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}
