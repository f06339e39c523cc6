import type { Writable } from '../model/data/writable.ts'
import type { Document, MalformedEntry, MalformedPlace, ReadResult, SourceEvent } from '../api/source.ts'
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
  const copy: Writable<ReadResult> = copyOfKind(toObject(value, 'a read result'))
  const { warning, layers } = value
  if (warning !== undefined) copy.warning = toWarning(warning)
  if (layers !== undefined) copy.layers = toLayers(layers)
  return copy
}

const copyOfKind = (value: ReadResult): ReadResult => {
  const revision = toRevision(value.revision)
  switch (value.kind) {
    case 'missing':
      return { kind: value.kind, revision }
    case 'malformed': {
      const { kind, code, entry, place, cause } = value
      if (!isCode(code, 'document')) throw new ContractBreach('the code of a malformed document is not a document code')
      const where = {
        ...(entry === undefined ? {} : { entry: toEntry(entry) }),
        ...(place === undefined ? {} : { place: toPlace(place) }),
      }
      return { kind, revision, code, ...where, cause }
    }
    case 'document': {
      const { kind, fingerprint, origins } = value
      if (fingerprint !== undefined) expectType('fingerprint', fingerprint, 'string')
      if (origins !== undefined) expectType('origins', origins, 'function')
      const copy: Writable<Document> = { kind, revision, content: toContent(value.content) }
      if (fingerprint !== undefined) copy.fingerprint = fingerprint
      if (origins !== undefined) copy.origins = origins
      return copy
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

const expectType = (field: string, value: unknown, type: 'string' | 'number' | 'function'): void => {
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

const toWarning = (warning: SourceCode): SourceCode => {
  if (isCode(warning, 'source')) return warning
  throw new ContractBreach('the warning of a read result is not a source code')
}

const toLayers = (layers: readonly string[]): readonly string[] => {
  if (areStrings(layers)) return [...layers]
  throw new ContractBreach('the layers of a read result are not an array of names')
}

const areStrings = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item: unknown) => typeof item === 'string')

const toEntry = ({ key, index, count, position }: MalformedEntry): MalformedEntry => {
  const isEntry = areStrings(key) && Number.isSafeInteger(index) && Number.isSafeInteger(count)
  if (!isEntry) throw new ContractBreach('the entry of a malformed document is not { key, index, count }')
  return { key: [...key], index, count, ...toPosition(position) }
}

const toPlace = ({ path, position, detail }: MalformedPlace): MalformedPlace => {
  const isPath = Array.isArray(path) && path.every((key: unknown) => typeof key === 'string' || typeof key === 'number')
  if (path !== undefined && !isPath)
    throw new ContractBreach('the path of a malformed document is not an array of keys')
  if (detail !== undefined) expectType('detail', detail, 'string')
  return {
    ...(path === undefined ? {} : { path: [...path] }),
    ...(detail === undefined ? {} : { detail }),
    ...toPosition(position),
  }
}

const toPosition = (position: MalformedPlace['position']): Pick<MalformedPlace, 'position'> => {
  if (position === undefined) return {}
  const { line, column } = position
  if (Number.isSafeInteger(line) && Number.isSafeInteger(column)) return { position: { line, column } }
  throw new ContractBreach('the position of a malformed document is not { line, column }')
}

const nameOfType = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (isThenable(value)) return 'a promise'
  const type = Array.isArray(value) ? 'array' : typeof value
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}
