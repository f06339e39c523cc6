import type { Source } from '../../../api/source.ts'
import { NotPlain } from '../../../model/data/not-plain.ts'
import { toPlain } from '../../../model/data/plain.ts'
import { invalidOption } from '../../../model/option-checks.ts'
import { fixedSource } from './fixed-source.ts'

/**
 * Makes a layer of an object in the code: what holds unless a layer above says otherwise. The object is copied.
 *
 * @throws ChangeoverError `reloader.invalid-option` if JSON cannot hold the object: it has a date, a bigint or a function
 * @example
 * ```ts
 * const source = layers([defaults({ db: { max: 10 } }), fileSource({ path: 'config.yaml', format: 'yaml' })])
 * ```
 */
export const defaults = (values: object): Source => {
  const content = textOf(values)
  return fixedSource({
    name: 'defaults',
    endpoint: 'in the code',
    read: () => ({ kind: 'document', content, origins: () => [{ kind: 'defaults', at: 'in the code' }] }),
  })
}

const textOf = (values: unknown): string => {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw invalidOption('defaults must get an object')
  }
  try {
    return JSON.stringify(toPlain(values))
  } catch (error) {
    const path = error instanceof NotPlain && error.path.length > 0 ? ` at ${error.path.join('.')}` : ''
    throw invalidOption(`defaults must be what JSON can hold${path}`)
  }
}
