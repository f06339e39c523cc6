import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A file of the project as text. */
export const readText = (path: string): string => readFileSync(join(root, path), 'utf8')

/** A file of the project as JSON; its shape is the caller's claim. */
export const readJson = <T>(path: string): T => JSON.parse(readText(path)) as T

/** All files with an ending below a folder of the project, as sorted paths with forward slashes; none if the folder does not exist. */
export const filesBelow = (folder: string, ending: string): readonly string[] => {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((path) => !path.includes('node_modules/'))
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
