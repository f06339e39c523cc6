import type { IncomingMessage } from 'node:http'
import { HttpError } from './http-errors.ts'

export type JsonBody = Readonly<Record<string, unknown>>

const MAX_BODY_BYTES = 4_096
const MAX_FIELD_CHARACTERS = 200

/**
 * Reads a request's JSON object. Node's `requestTimeout` bounds how long the body may take to arrive.
 *
 * @param parsed the object, if the parser of a framework has used up the request
 */
export const readJsonBody = async (request: IncomingMessage, parsed?: unknown): Promise<JsonBody> => {
  if (!/^application\/json(\s*;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new HttpError('inspector.bad-type')
  }
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw new HttpError('inspector.too-large')
  if (request.readableDidRead) {
    const body = isObject(parsed) ? parsed : (request as { readonly body?: unknown }).body
    if (isObject(body)) return body
    throw new HttpError('inspector.bad-request')
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) throw new HttpError('inspector.too-large')
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (isObject(value)) return value
  } catch {
    // Answered like JSON that is not an object.
  }
  throw new HttpError('inspector.bad-request')
}

const isObject = (value: unknown): value is JsonBody =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns a field of a body if it is a text that is neither blank nor too long. */
export const readTextField = (body: JsonBody, name: string): string => {
  const value = body[name]
  const isText = typeof value === 'string' && value.trim() !== '' && value.length <= MAX_FIELD_CHARACTERS
  if (!isText) throw new HttpError('inspector.bad-request')
  return value
}
