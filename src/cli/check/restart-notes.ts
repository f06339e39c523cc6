import { changedLeaves } from '../../model/data/changed-leaves.ts'
import { PathSet } from '../../model/data/path-set.ts'
import { changeoverError } from '../../model/failure.ts'
import type { Visibility } from '../../model/visibility.ts'
import type { Project } from '../target/project.ts'

/**
 * Says which changes need a restart of the service.
 *
 * @throws ChangeoverError `restart.refused` if the policy refuses them
 */
export const restartNotes = (
  { paths, policy }: Project['restart'],
  previous: unknown,
  next: unknown,
  visibility: Visibility,
): readonly string[] => {
  if (paths.length === 0) return []
  const set = PathSet.of(paths)
  const leaves = [...changedLeaves(previous, next, () => false)].filter((path) => set.covers(path))
  const [first] = leaves
  if (first === undefined) return []
  if (policy === 'refuse') throw changeoverError('restart.refused', { path: visibility.show(first) })
  const shown = leaves.map((path) => visibility.show(path)).join(', ')
  return [policy === 'hold' ? `Waits for a restart: ${shown}` : `Needs a restart: ${shown}`]
}
