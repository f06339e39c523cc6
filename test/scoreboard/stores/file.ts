import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { brokenText, configOf, type Store } from './store.ts'

/** One file, replaced by atomic renames. What it holds is JSON, and so YAML too. */
export const fileStore = async (folder: string, name: string): Promise<Store> => {
  const path = join(folder, 'config', name)
  const inNone = (): never => {
    throw new Error('a file has no connections')
  }
  const write = async (text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(join(folder, 'next'), text)
    await rename(join(folder, 'next'), path)
  }
  await mkdir(dirname(path), { recursive: true })
  const remove = (): Promise<void> => rm(path, { force: true })
  const away = join(folder, 'away')
  let isDown = false
  return {
    target: { path, folder },
    // What is written while the folder is away is there when it comes back.
    put: (version, trap) => {
      const text = JSON.stringify(configOf(version, trap))
      return isDown ? writeFile(join(away, name), text) : write(text)
    },
    putBroken: () => write(brokenText),
    remove,
    // A folder of the same name is another folder afterwards: what was watching the old one sees nothing any more.
    down: async () => {
      isDown = true
      await mkdir(away)
      await rm(dirname(path), { recursive: true })
    },
    up: async () => {
      isDown = false
      await rename(away, dirname(path))
    },
    forget: async () => undefined,
    reset: inNone,
    attempts: inNone,
    // A writer that truncates the file, is slow, and then completes it.
    putWithFailedFetch: async (version) => {
      const text = JSON.stringify(configOf(version))
      await writeFile(path, text.slice(0, 10))
      await sleep(600)
      await writeFile(path, text)
    },
    stop: async () => undefined,
  }
}
