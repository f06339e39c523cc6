import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createReloader, type ReloaderOptions } from 'changeover'
import { memorySource } from 'changeover/testing'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { ownFolder } from '../children.ts'
import { memoryStore } from '../stores.ts'

const { make, remove } = ownFolder()
const opened: { readonly close: () => Promise<void> }[] = []
let folders = 0
const newFolder = (): string => make(`folder ${++folders}`)

afterEach(async () => {
  for (const reloader of opened.splice(0)) await reloader.close()
})
afterAll(remove)

const reloaderOn = (lastKnownGood: NonNullable<ReloaderOptions<unknown>['lastKnownGood']>) => {
  const options = { source: memorySource('{}'), schema: z.strictObject({}), soak: 0, lastKnownGood }
  const reloader = createReloader(options)
  opened.push(reloader)
  return reloader
}

/** Starts a reloader on the first path, and resolves with how the start of one on the second ends. */
const startBoth = async (first: string, second: string): Promise<string> => {
  await reloaderOn(first).start()
  return reloaderOn(second)
    .start()
    .then(
      () => 'started',
      ({ code }: { code: string }) => code,
    )
}

describe('a second reloader of a process', () => {
  it.each<[string, (folder: string) => readonly [string, string]]>([
    ['the same path', (folder) => [join(folder, 'good'), join(folder, 'good')]],
    ['a relative path', (folder) => [join(folder, 'good'), relative(process.cwd(), join(folder, 'good'))]],
    ['a path with detours', (folder) => [join(folder, 'good'), `${folder}//./x/../good`]],
    [
      'a symlink to the folder',
      (folder) => {
        symlinkSync(folder, `${folder} link`)
        return [join(folder, 'good'), join(`${folder} link`, 'good')]
      },
    ],
    [
      'a symlink to the file',
      (folder) => {
        writeFileSync(join(folder, 'good'), '')
        symlinkSync(join(folder, 'good'), join(folder, 'other'))
        return [join(folder, 'good'), join(folder, 'other')]
      },
    ],
    ['a path whose files are those of the first', (folder) => [join(folder, 'good'), join(folder, 'good.1')]],
    ['the path of the first one’s journal', (folder) => [join(folder, 'good'), join(folder, 'good.journal')]],
  ])('is refused at its start on %s', async (_, paths) => {
    expect(await startBoth(...paths(newFolder()))).toBe('persistence.in-use')
  })

  it.each<[string, (folder: string) => readonly [string, string]]>([
    ['another name', (folder) => [join(folder, 'good'), join(folder, 'good2')]],
    [
      'the same name in another folder',
      (folder) => {
        mkdirSync(join(folder, 'sub'))
        return [join(folder, 'good'), join(folder, 'sub', 'good')]
      },
    ],
  ])('starts on %s', async (_, paths) => {
    expect(await startBoth(...paths(newFolder()))).toBe('started')
  })

  it('is refused on the same store, and starts on another store', async () => {
    const { store } = memoryStore()
    await reloaderOn(store).start()
    await expect(reloaderOn(store).start()).rejects.toMatchObject({ code: 'persistence.in-use' })
    await reloaderOn(memoryStore().store).start()
  })

  it('starts when the first one is closed, and then is the one in use', async () => {
    const path = join(newFolder(), 'good')
    const first = reloaderOn(path)
    await first.start()
    await first.close()
    await reloaderOn(path).start()
    await expect(reloaderOn(path).start()).rejects.toMatchObject({ code: 'persistence.in-use' })
  })

  it('is closed by the refusal, and leaves the first one as it is', async () => {
    const path = join(newFolder(), 'good')
    const first = reloaderOn(path)
    await first.start()
    const second = reloaderOn(path)
    await expect(second.start()).rejects.toMatchObject({ code: 'persistence.in-use' })
    await expect(second.start()).rejects.toMatchObject({ code: 'reloader.closed' })
    expect(second.status().state).toBe('closed')
    await second.close()
    await expect.poll(() => first.status().state).toBe('committed')
    await expect(reloaderOn(path).start()).rejects.toMatchObject({ code: 'persistence.in-use' })
  })

  it('starts if the first one was made and never started, or was closed before its start', async () => {
    const path = join(newFolder(), 'good')
    reloaderOn(path)
    await reloaderOn(path).close()
    await reloaderOn(path).start()
  })

  it('starts if the start of the first one has failed', async () => {
    const path = join(newFolder(), 'good')
    const first = createReloader({ source: memorySource('no'), schema: z.strictObject({}), lastKnownGood: path })
    await expect(first.start()).rejects.toMatchObject({ code: 'document.malformed' })
    await reloaderOn(path).start()
  })

  it('is refused beside one of another copy of the package', async () => {
    const path = join(newFolder(), 'good')
    await reloaderOn(path).start()
    vi.resetModules()
    const copy = await import('changeover')
    const second = copy.createReloader({ source: memorySource('{}'), schema: z.strictObject({}), lastKnownGood: path })
    expect(copy.createReloader).not.toBe(createReloader)
    await expect(second.start()).rejects.toMatchObject({ code: 'persistence.in-use' })
  })
})
