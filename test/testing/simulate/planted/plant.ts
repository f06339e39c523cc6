import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Edit, PlantedFault } from './faults.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** What a hunt needs: all that it runs, and the names by which that is found. */
const copied = ['src', 'machines', 'test/testing/simulate', 'tsconfig.json', 'package.json']

/** The text with the edit made. Throws where what is to be replaced is not there exactly once. */
export const edited = (text: string, { file, find, replace }: Edit): string => {
  const parts = text.split(find)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} of: ${find}`)
  return parts.join(replace)
}

/** The sources of a fault as they are, by file. */
export const sourceOf = (file: string): Promise<string> => readFile(join(root, file), 'utf8')

/** A hunt in sources with a fault. */
export interface Planted {
  /** The program that hunts, in one file: it starts faster than a hundred that are compiled as they are loaded. */
  readonly program: string
  readonly remove: () => Promise<void>
}

/** Plants a fault in a copy of the sources, beside their dependencies. Call `remove` when done. */
export const plant = async ({ name, edits }: PlantedFault): Promise<Planted> => {
  await mkdir(join(root, '.cache'), { recursive: true })
  const folder = await mkdtemp(join(root, '.cache', `planted-${name}-`))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    for (const path of copied) await cp(join(root, path), join(folder, path), { recursive: true })
    for (const edit of edits) await writeFile(join(folder, edit.file), edited(await sourceOf(edit.file), edit))
    await build({
      absWorkingDir: folder,
      entryPoints: ['test/testing/simulate/planted/hunt.ts'],
      outfile: join(folder, 'hunt.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
    })
  } catch (error) {
    await remove()
    throw error
  }
  return { program: join(folder, 'hunt.mjs'), remove }
}
