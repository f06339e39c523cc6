import { inspect } from 'node:util'
import pino from 'pino'

const MARK = 'S3cR3t'

/** Returns a secret that names the place where it was planted, so that a leak names its origin. */
export const secret = (place: string | number): string => `${MARK}-${place}`

/** A secret of digits only, which a path could mistake for an index. */
export const CARD = '4111111111111111'

/** Lists the secrets in a text, each once. */
export const secretsIn = (text: string): string[] => [...new Set(text.match(new RegExp(`${MARK}[-\\w]*|${CARD}`, 'g')))]

/** Makes an error with a secret in every place where an error can hold one. */
export const errorWithSecrets = (place: string): Error => {
  class LeakyError extends Error {
    override name = secret(`${place}-name`)
    code = secret(`${place}-code`)
    detail = secret(`${place}-detail`)
    override cause = new Error(secret(`${place}-cause`))
    errors = [new Error(secret(`${place}-inner`))]
  }
  return new LeakyError(secret(`${place}-message`))
}

const options = { depth: 20, showHidden: true }

/** Shows a value in all the ways in which people and tools look at it. */
export const show = (value: unknown): string => {
  const parts = [inspect(value, options), JSON.stringify(value) ?? '', String(value)]
  if (value instanceof Error) {
    const { err, errWithCause } = pino.stdSerializers
    parts.push(value.message, value.stack ?? '', JSON.stringify(err(value)), JSON.stringify(errWithCause(value)))
    parts.push(...Reflect.ownKeys(value).map((key) => inspect(Reflect.get(value, key), options)))
  }
  return parts.join('\n')
}
