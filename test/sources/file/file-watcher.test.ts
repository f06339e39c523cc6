import { mkdirSync, watch } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFileWatcher, type FileWatcher, type WatchFolder } from '../../../src/sources/file/file-watcher.ts'
import { createVirtualClock } from '../../../src/testing/fakes/virtual-clock.ts'

// The real filesystem, in which a folder can vanish just before it is looked at: too short a moment to hit by chance.
const world = vi.hoisted(() => ({ vanishing: 0 }))
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>()
  const stat = (async (...args: Parameters<typeof real.stat>) => {
    if (world.vanishing > 0) {
      world.vanishing -= 1
      throw Object.assign(new Error('vanished'), { code: 'ENOENT' })
    }
    return real.stat(...args)
  }) as typeof real.stat
  return { ...real, stat }
})

const never = new AbortController().signal
const SOON = { timeout: 20_000, interval: 10 }

describe('The doorbell of a file', () => {
  let folder: string
  let path: string
  let bell: FileWatcher | undefined
  /** Of each watcher that was made: the folder, its listener, and whether it is closed. */
  let made: { at: string; listener: (event: string, name: string | null) => void; isClosed: boolean }[]

  // Time stands still, so that it is never the poll that rings.
  const hang = (watchFolder: WatchFolder = watch): FileWatcher =>
    createFileWatcher({
      path,
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
    bell?.close()
    bell = undefined
    world.vanishing = 0
    await rm(folder, { recursive: true })
  })

  it('watches one folder once, however often it is refreshed', async () => {
    bell = hang()
    for (let n = 0; n < 5; n++) await bell.refresh(never)
    expect(made.map(({ at }) => basename(at))).toEqual(['b'])
  })

  it.each(['b', null])(
    'watches a folder anew after an event of the folder itself (%s), since its inode number may have returned',
    async (name) => {
      bell = hang()
      await bell.refresh(never)
      made[0]?.listener('rename', name)
      expect(await bell.changed()).toBe('event')
      await bell.refresh(never)
      await expect.poll(() => made.map(({ isClosed }) => isClosed), SOON).toEqual([true, false])
    },
  )

  it('watches the new folder where one further up was replaced, of which no event tells', async () => {
    bell = hang()
    await bell.refresh(never)
    await rename(join(folder, 'a'), join(folder, 'old'))
    await mkdir(join(folder, 'a', 'b'), { recursive: true })
    await bell.refresh(never)
    await expect.poll(() => made.map(({ isClosed }) => isClosed), SOON).toEqual([true, false])
    await writeFile(path, '{}')
    expect(await bell.changed()).toBe('event')
  })

  it('misses no folder that appears while its watchers are being set up', async () => {
    path = join(folder, 'a', 'b', 'c', 'd', 'config.json')
    const appearing = [join(folder, 'a', 'b', 'c'), join(folder, 'a', 'b', 'c', 'd')]
    bell = hang((at, listener) => {
      const next = appearing.shift()
      if (next !== undefined) mkdirSync(next) // after the walk, before the watch
      return watch(at, listener)
    })
    await bell.refresh(never)
    expect(made.map(({ at }) => basename(at))).toEqual(['b', 'c', 'd'])
    await writeFile(path, '{}')
    expect(await bell.changed()).toBe('event')
  })

  it('is not left deaf where a folder vanishes under its walk, once or for long', async () => {
    for (const times of [1, 1_000]) {
      bell?.close()
      bell = hang()
      await bell.refresh(never)
      world.vanishing = times
      await bell.refresh(never)
      expect(made.at(-1)?.isClosed).toBe(false)
      world.vanishing = 0
      await writeFile(path, String(times))
      expect(await bell.changed()).toBe('event')
    }
  })

  it('looks again where a folder vanishes before it can be watched', async () => {
    let failures = 1
    bell = hang((at, listener) => {
      if (failures-- > 0) throw Object.assign(new Error('vanished'), { code: 'ENOENT' })
      return watch(at, listener)
    })
    await bell.refresh(never)
    await writeFile(path, '{}')
    expect(await bell.changed()).toBe('event')
  })

  it('is not left deaf by a folder that goes and returns in the middle of a refresh', async () => {
    for (let round = 0; round < 100; round++) {
      bell?.close()
      bell = hang()
      await bell.refresh(never)
      const refreshing = bell.refresh(never)
      await rm(join(folder, 'a', 'b'), { recursive: true })
      await mkdir(join(folder, 'a', 'b'))
      await refreshing
      // As a watch does, until nothing rings any more; should the last ring not have come yet, the write below is one.
      await writeFile(path, String(round))
      expect(await bell.changed()).toBe('event')
      await bell.refresh(never)
      await expect.poll(() => made.at(-1)?.isClosed, SOON).toBe(false)
    }
  })

  it('lets go of all folders when it is closed, also while it is being refreshed', async () => {
    bell = hang()
    await bell.refresh(never)
    const refreshing = bell.refresh(never)
    bell.close()
    await refreshing
    await expect.poll(() => made.every(({ isClosed }) => isClosed), SOON).toBe(true)
    const late = hang()
    const lateRefresh = late.refresh(never)
    late.close()
    await lateRefresh
    expect(made).toHaveLength(1)
  })
})
