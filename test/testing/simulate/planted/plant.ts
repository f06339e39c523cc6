import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Edit, PlantedFault } from './planted-fault.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** The files that a hunt needs: the code that it runs, and the files that resolve its imports. */
const copied = ['src', 'machines', 'test/testing/simulate', 'test/fleet', 'tsconfig.json', 'package.json']

/** Applies an edit to the text of a file. Throws if the text to replace does not occur exactly once. */
export const edited = (text: string, { file, find, replace }: Edit): string => {
  const parts = text.split(find)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} occurrences of: ${find}`)
  return parts.join(replace)
}

/** Reads a source file without a fault. */
export const sourceOf = (file: string): Promise<string> => readFile(join(root, file), 'utf8')

/** A program that hunts in sources with a planted fault. */
export interface Planted {
  /** The path of the bundled program, which starts faster than a hundred files that are compiled on import. */
  readonly program: string
  readonly remove: () => Promise<void>
}

/**
 * Plants a fault in a copy of the sources, beside `node_modules`, and bundles the program that hunts for it. Call `remove` when
 * the hunt has ended.
 */
export const plant = async (
  { name, edits }: Pick<PlantedFault, 'name'> & { readonly edits: readonly Edit[] },
  hunt = 'test/testing/simulate/planted/hunt.ts',
): Promise<Planted> => {
  await mkdir(join(root, '.cache'), { recursive: true })
  const folder = await mkdtemp(join(root, '.cache', `planted-${name}-`))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    for (const path of copied) await cp(join(root, path), join(folder, path), { recursive: true })
    for (const edit of edits) await writeFile(join(folder, edit.file), edited(await sourceOf(edit.file), edit))
    await build({
      absWorkingDir: folder,
      entryPoints: [hunt],
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
