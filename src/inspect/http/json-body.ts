import type { IncomingMessage } from 'node:http'
import { Refusal } from './http-errors.ts'

/** Bytes of an action's body. */
const MAX_BODY = 4_096

/** The JSON object that a request holds. Node's own `requestTimeout` bounds how long it may take to come. */
export const bodyOf = async (request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> => {
  if (!/^application\/json(\s*;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new Refusal('inspector.bad-type')
  }
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) throw new Refusal('inspector.too-large')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) throw new Refusal('inspector.too-large')
    chunks.push(chunk)
  }
  return parse(Buffer.concat(chunks).toString('utf8'))
}

const parse = (text: string): Readonly<Record<string, unknown>> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refusal('inspector.bad-request')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal('inspector.bad-request')
  return value as Readonly<Record<string, unknown>>
}
