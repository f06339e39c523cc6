import type { Logger, ReloaderOptions } from '../api/options.ts'
import { type Failure, unsafeCause } from '../model/failure.ts'
import { invalidOption } from '../model/option-checks.ts'
import { errorChain, read } from '../model/permanence.ts'
import type { TransactionRecord } from '../model/record.ts'

/** Checks the option: true if original messages are to be logged. */
export const resolveDiagnostics = (given: ReloaderOptions<unknown>['diagnostics'] = 'redacted'): boolean => {
  const {
    level,
    inProduction = false,
    ...rest
  } = typeof given === 'object' && given !== null ? given : { level: given }
  const isValid = (level === 'redacted' && given === level) || level === 'full'
  if (!isValid || typeof inProduction !== 'boolean' || Object.keys(rest).length > 0) {
    throw invalidOption("diagnostics must be 'redacted', 'full' or { level: 'full', inProduction }")
  }
  const { NODE_ENV } = process.env
  if (level === 'full' && !inProduction && NODE_ENV === 'production') {
    throw invalidOption(
      "diagnostics: 'full' shows config values, so NODE_ENV=production needs { level: 'full', inProduction: true }",
    )
  }
  return level === 'full'
}

/** An error as it was thrown: unsafe. */
interface Original {
  readonly name: string
  readonly message: string
  readonly stack?: string
}

/** Adds to each line about failures what was thrown originally. */
export const withOriginals = (logger: Logger): Logger => {
  const add =
    (level: keyof Logger) =>
    (data: object, message: string): void => {
      const originals = originalsOf((data as { readonly changeover?: Failure | TransactionRecord }).changeover)
      if (originals.length === 0) return logger[level](data, message)
      const texts = originals.map(({ name, message: text }) => `${name}: ${text}`)
      return logger[level]({ ...data, originals }, `${message} [${texts.join('; ')}]`)
    }
  return { debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') }
}

const originalsOf = (about: Failure | TransactionRecord | undefined): readonly Original[] => {
  if (about === undefined) return []
  const failures = 'code' in about ? [about] : 'failures' in about ? about.failures : []
  return failures.flatMap((failed) => {
    const cause = unsafeCause(failed)
    const chain = errorChain(cause)
    if (chain.length > 0) return chain.map(originalOf)
    return cause === undefined ? [] : [{ name: typeof cause, message: String(cause) }]
  })
}

/** Issues of a schema have a message too. */
const originalOf = (link: object): Original => {
  const [name, message, stack] = ['name', 'message', 'stack'].map((key) => read(link, key))
  return {
    name: typeof name === 'string' ? name : 'object',
    message: typeof message === 'string' ? message : '',
    ...(typeof stack === 'string' ? { stack } : {}),
  }
}
