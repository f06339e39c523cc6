import { mkdirSync, watch } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFileWatcher, type FileWatcher, type WatchFolder } from '../../src/files/file-watcher.ts'
import { createVirtualClock } from '../../src/testing/fakes/virtual-clock.ts'
import { never, SOON } from '../sources/follow.ts'

// The real filesystem, in which a folder can vanish just before `stat`: too short a moment to hit by chance.
const faults = vi.hoisted(() => ({ vanishing: 0 }))
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>()
  const stat = (async (...args: Parameters<typeof real.stat>) => {
    if (faults.vanishing > 0) {
      faults.vanishing -= 1
      throw Object.assign(new Error('vanished'), { code: 'ENOENT' })
    }
    return real.stat(...args)
  }) as typeof real.stat
  return { ...real, stat }
})

describe('The file watcher', () => {
  let folder: string
  let path: string
  let watcher: FileWatcher | undefined
  /** The folder watchers that were made. */
  let made: { at: string; listener: (event: string, name: string | null) => void; isClosed: boolean }[]

  // The clock never advances, so that no hint comes from the poll.
  const create = (watchFolder: WatchFolder = watch): FileWatcher =>
    createFileWatcher({
      paths: () => [path],
      pollMs: 1_000,
      clock: createVirtualClock(),
      watchFolder: (at, listener) => {
        const watcher = watchFolder(at, listener)
        const entry = { at, listener, isClosed: false }
        made.push(entry)
        watcher.on('close', () => {
          entry.isClosed = true
        })
        return watcher
      },
    })

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'changeover-file-'))
    path = join(folder, 'a', 'b', 'config.json')
    made = []
    await mkdir(join(folder, 'a', 'b'), { recursive: true })
  })
  afterEach(async () => {
    watcher?.close()
    watcher = undefined
    faults.vanishing = 0
    await rm(folder, { recursive: true })
  })

  it('watches one folder once, however often it is refreshed', async () => {
    watcher = create()
    for (let n = 0; n < 5; n++) await watcher.refresh(never)
    expect(made.map(({ at }) => basename(at))).toEqual(['b'])
  })

  it.each(['b', null])(
    'replaces the watcher of a folder after an event of the folder itself (%s), since its inode number may be reused',
    async (name) => {
      watcher = create()
      await watcher.refresh(never)
      made[0]?.listener('rename', name)
      expect(await watcher.changed()).toBe('event')
      await watcher.refresh(never)
      await expect.poll(() => made.map(({ isClosed }) => isClosed), SOON).toEqual([true, false])
    },
  )

  it('watches the new folder if one further up was replaced, which no event reports', async () => {
    watcher = create()
    await watcher.refresh(never)
    await rename(join(folder, 'a'), join(folder, 'old'))
    await mkdir(join(folder, 'a', 'b'), { recursive: true })
    await watcher.refresh(never)
    await expect.poll(() => made.map(({ isClosed }) => isClosed), SOON).toEqual([true, false])
    await writeFile(path, '{}')
    expect(await watcher.changed()).toBe('event')
  })

  it('misses no folder that appears while its watchers are being set up', async () => {
    path = join(folder, 'a', 'b', 'c', 'd', 'config.json')
    const appearing = [join(folder, 'a', 'b', 'c'), join(folder, 'a', 'b', 'c', 'd')]
    watcher = create((at, listener) => {
      const next = appearing.shift()
      if (next !== undefined) mkdirSync(next) // after the walk, before the watch
      return watch(at, listener)
    })
    await watcher.refresh(never)
    expect(made.map(({ at }) => basename(at))).toEqual(['b', 'c', 'd'])
    await writeFile(path, '{}')
    expect(await watcher.changed()).toBe('event')
  })

  it('keeps watching if a folder vanishes during the walk, once or for a long time', async () => {
    for (const times of [1, 1_000]) {
      watcher?.close()
      watcher = create()
      await watcher.refresh(never)
      faults.vanishing = times
      await watcher.refresh(never)
      expect(made.at(-1)?.isClosed).toBe(false)
      faults.vanishing = 0
      await writeFile(path, String(times))
      expect(await watcher.changed()).toBe('event')
    }
  })

  it('walks again if a folder vanishes before it can be watched', async () => {
    let failures = 1
    watcher = create((at, listener) => {
      if (failures-- > 0) throw Object.assign(new Error('vanished'), { code: 'ENOENT' })
      return watch(at, listener)
    })
    await watcher.refresh(never)
    await writeFile(path, '{}')
    expect(await watcher.changed()).toBe('event')
  })

  it('keeps watching if a folder vanishes and returns during a refresh', async () => {
    for (let round = 0; round < 100; round++) {
      watcher?.close()
      watcher = create()
      await watcher.refresh(never)
      const refreshing = watcher.refresh(never)
      await rm(join(folder, 'a', 'b'), { recursive: true })
      await mkdir(join(folder, 'a', 'b'))
      await refreshing
      // As a watch does, until there are no more hints. If the last event is still to come, the write below causes one.
      await writeFile(path, String(round))
      expect(await watcher.changed()).toBe('event')
      await watcher.refresh(never)
      await expect.poll(() => made.at(-1)?.isClosed, SOON).toBe(false)
    }
  })

  it('closes all folder watchers when it is closed, even during a refresh', async () => {
    watcher = create()
    await watcher.refresh(never)
    const refreshing = watcher.refresh(never)
    watcher.close()
    await refreshing
    await expect.poll(() => made.every(({ isClosed }) => isClosed), SOON).toBe(true)
    const late = create()
    const lateRefresh = late.refresh(never)
    late.close()
    await lateRefresh
    expect(made).toHaveLength(1)
  })
})
