import type { Path } from '../../model/data/not-plain.ts'
import { meaningsOf } from '../target/value-meanings.ts'
import { secret, secretIn } from '../target/secrets-in-flags.ts'
import type { Context } from './context.ts'

/**
 * Returns what VALUE may mean at a path: what it says as JSON, and then the text itself. `-` stands for the standard input.
 *
 * @throws ChangeoverError `command.secret-in-flags` for a secret that the command line shows
 */
export const valuesOf = async (context: Context, path: Path, given: string): Promise<readonly unknown[]> => {
  const text = given === '-' ? (await context.read('-')).replace(/\r?\n$/, '') : given
  const values = context.flags.string === true ? [text] : meaningsOf(text)
  const key = given === '-' ? undefined : secretIn(path, values[0])
  if (key !== undefined) throw secret(`the value of ${key}`)
  return values
}
