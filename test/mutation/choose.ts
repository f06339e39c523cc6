import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '../support/random.ts'
import { type Folder, folderOf } from './folders.ts'
import { type Mutant, mutantsOf } from './mutants.ts'

const seedOf = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE(0)

const shuffle = <T>(items: readonly T[], below: (limit: number) => number): T[] => {
  const shuffled = [...items]
  for (let index = shuffled.length - 1; index > 0; index -= 1) {
    const other = below(index + 1)
    const [one, two] = [shuffled[index] as T, shuffled[other] as T]
    shuffled[index] = two
    shuffled[other] = one
  }
  return shuffled
}

/** Chooses mutants of one folder: equal seeds choose the same, spread over its files and over the kinds of change. */
const chooseIn = (byFile: ReadonlyMap<string, readonly Mutant[]>, count: number, seed: number): readonly Mutant[] => {
  const { below } = createRandom(seed)
  const files = shuffle([...byFile.values()], below).map((mutants) => shuffle(mutants, below))
  const chosen: Mutant[] = []
  while (chosen.length < count && files.some((mutants) => mutants.length > 0))
    for (const mutants of files) {
      const kinds = new Set(chosen.map(({ kind }) => kind))
      const fresh = mutants.findIndex(({ kind }) => !kinds.has(kind))
      const [mutant] = mutants.splice(Math.max(fresh, 0), 1)
      if (mutant !== undefined && chosen.length < count) chosen.push(mutant)
    }
  return chosen
}

/** Chooses the mutants of the folders that are wanted. A file belongs to the innermost of all folders. */
export const chooseMutants = (
  root: string,
  { wanted, folders }: { readonly wanted: readonly Folder[]; readonly folders: readonly Folder[] },
  count: number,
  seed: number,
): Map<Folder, readonly Mutant[]> => {
  const files = ['src', 'machines']
    .flatMap((name) =>
      readdirSync(join(root, name), { recursive: true, encoding: 'utf8' }).map((file) => `${name}/${file}`),
    )
    .filter((file) => file.endsWith('.ts') && !/\/(page|generated)\//.test(file))
    .sort()
  const chosen = new Map<Folder, readonly Mutant[]>()
  for (const folder of wanted) {
    const own = files.filter((file) => folderOf(file, folders) === folder)
    const byFile = new Map(own.map((file) => [file, mutantsOf(file, readFileSync(join(root, file), 'utf8'))]))
    chosen.set(folder, chooseIn(byFile, count, seedOf(`${seed} ${folder.name}`)))
  }
  return chosen
}
