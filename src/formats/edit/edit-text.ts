import type { Path } from '../../model/data/not-plain.ts'
import { changeoverError } from '../../model/failure.ts'
import { loadFormat } from '../load-format.ts'
import type { FormatName } from '../text-format.ts'
import { NotEditable } from './not-editable.ts'
import { editJson } from './json-edit.ts'
import { editToml } from './toml-edit.ts'
import { editYaml } from './yaml-edit.ts'

/**
 * Sets one value in a text, and leaves the rest as it is: comments, order, spaces. What comes out is parsed again, and must be
 * the document with just this value changed.
 *
 * @throws ChangeoverError `command.edit-unsupported` if the format does not allow it
 */
export const editText = async (name: FormatName, text: string, path: Path, value: unknown): Promise<string> => {
  const format = await loadFormat(name)
  const before = format.parse(text)
  if (before.kind !== 'parsed') throw unsupported('the document does not parse')
  try {
    const edited = await edit(name, text, path, value)
    const after = format.parse(edited)
    const isRight =
      after.kind === 'parsed' && JSON.stringify(after.value) === JSON.stringify(withSet(before.value, path, value))
    if (isRight) return edited
  } catch (error) {
    throw error instanceof NotEditable ? unsupported(error.message) : unsupported(`${name} does not allow it`)
  }
  throw unsupported(`${name} does not allow it at this place`)
}

const edit = async (name: FormatName, text: string, path: Path, value: unknown): Promise<string> => {
  if (name === 'yaml') return editYaml(await import('yaml'), text, path, value)
  if (name === 'toml') return editToml(text, path, value)
  return editJson(text, path, value)
}

const unsupported = (detail: string) => changeoverError('command.edit-unsupported', { detail })

/** A copy of the data with one value set; objects on the way are made if they are missing. */
const withSet = (container: unknown, [key, ...rest]: Path, value: unknown): unknown => {
  if (key === undefined) return value
  if (Array.isArray(container)) {
    const index = Number(key)
    if (!Number.isSafeInteger(index) || index < 0 || index > container.length)
      throw new NotEditable('the list has no such place')
    const copy: unknown[] = [...container]
    copy[index] = withSet(container[index], rest, value)
    return copy
  }
  if (container !== undefined && (typeof container !== 'object' || container === null)) {
    throw new NotEditable('a value lies on the way that holds no others')
  }
  const object: Readonly<Record<string | number, unknown>> = { ...container }
  return { ...object, [key]: withSet(Object.hasOwn(object, key) ? object[key] : undefined, rest, value) }
}
