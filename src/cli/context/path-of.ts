import type { Path } from '../../model/data/not-plain.ts'
import { usage } from '../target/flags.ts'

/** Dots separate the keys of a path; a backslash keeps a dot that belongs to a key. */
export const pathOf = (text: string): Path => {
  const path = text.split(/(?<!\\)\./).map((key) => key.replace(/\\\./g, '.'))
  if (path.some((key) => key === '')) throw usage('PATH must be keys that dots separate, such as db.max')
  return path
}
