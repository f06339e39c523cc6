import { EventEmitter } from 'node:events'
import { watch, type FSWatcher } from 'node:fs'
import { mkdir, rename, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFileWatcher, type WatchFolder } from '../../../src/files/file-watcher.ts'
import { createFileSource } from '../../../src/sources/file/file-source.ts'
import type { SourceEvent } from '../../../src/api/source.ts'
import { createVirtualClock } from '../../../src/testing/fakes/virtual-clock.ts'
import { never, SOON } from '../follow.ts'
import { useWatchedFile } from './watched-file.ts'

const refuse =
  (code: string): WatchFolder =>
  () => {
    throw Object.assign(new Error('no watch'), { code })
  }

/** Like a network filesystem: watching succeeds, and nothing is ever reported. */
const silent: WatchFolder = (path) => watch(path, () => undefined)

describe('The poll of a file', () => {
  const file = useWatchedFile()

  const follow = (watchFolder: WatchFolder): Promise<void> =>
    file.follow(createFileSource({ path: file.path, pollMs: 50 }, watchFolder))

  it.each([
    ['no inotify watch is left', refuse('ENOSPC')],
    ['no file descriptor is left', refuse('EMFILE')],
    ['the system reports nothing', silent],
  ])('finds every kind of change when %s', async (_title, watchFolder) => {
    const { path } = file
    const release = join(dirname(path), 'v2')
    await follow(watchFolder)
    await file.replace('two')
    await file.reports('two')
    await writeFile(path, 'three')
    await file.reports('three')
    await unlink(path)
    await file.reports('missing')
    await mkdir(release)
    await writeFile(join(release, 'config.json'), 'four')
    await symlink('v2/config.json', path)
    await file.reports('four')
    await writeFile(join(release, 'config.json'), 'five')
    await file.reports('five')
    expect(file.reported).toEqual(['opened', 'two', 'three', 'missing', 'four', 'five'])
  })

  it('finds a file of the same size and the same time of change', async () => {
    await follow(silent)
    const time = new Date(1_700_000_000_000)
    await file.replace('two')
    await utimes(file.path, time, time)
    await file.reports('two')
    await writeFile(`${file.path}.new`, 'six')
    await utimes(`${file.path}.new`, time, time)
    await rename(`${file.path}.new`, file.path)
    await file.reports('six')
    await writeFile(file.path, 'ten') // in place: the same inode too
    await utimes(file.path, time, time)
    await file.reports('ten')
  })

  it('watches the folder again as soon as the system allows it', async () => {
    let calls = 0
    await follow((at, listener) => {
      calls += 1
      if (calls < 5) throw Object.assign(new Error('no watch'), { code: 'ENOSPC' })
      return watch(at, listener)
    })
    await expect.poll(() => calls, SOON).toBe(5)
    await file.replace('two')
    await file.reports('two')
    expect(calls).toBe(5)
  })

  it('continues after a watcher has failed', async () => {
    const watchers: EventEmitter[] = []
    await follow(() => {
      const watcher = Object.assign(new EventEmitter(), { close: () => undefined })
      watchers.push(watcher)
      return watcher as unknown as FSWatcher
    })
    const first = watchers.at(-1)
    first?.emit('error', Object.assign(new Error('gone'), { code: 'EPERM' }))
    await expect.poll(() => watchers.at(-1) !== first, SOON).toBe(true)
    await file.replace('two')
    await file.reports('two')
  })

  it('is not triggered early by events of other files in the folder', async () => {
    const clock = createVirtualClock()
    const watcher = createFileWatcher({ paths: () => [file.path], clock, pollMs: 5_000 })
    const folder = dirname(file.path)
    const names = new Set<string | null>()
    const witness = watch(folder, (_event, name) => names.add(name))
    await watcher.refresh(never)
    const others = Array.from({ length: 20 }, (_, n) => `other-${n}.json`)
    for (const other of others) await writeFile(join(folder, other), 'other')
    await expect.poll(() => others.every((other) => names.has(other)), SOON).toBe(true)
    const first = watcher.changed()
    await clock.advance(5_000)
    expect(await first).toBe('poll')
    await file.replace('two')
    expect(await watcher.changed()).toBe('event')
    watcher.close()
    witness.close()
    expect(await watcher.changed()).toBe('closed')
  })

  it('checks the file only when its interval has passed on the given clock, and leaves no timer', async () => {
    const clock = createVirtualClock()
    const controller = new AbortController()
    const source = createFileSource({ path: file.path, clock, pollMs: 5_000, settleMs: 0 }, silent)
    const { revision } = await source.read(never)
    const events = source.watch(revision, controller.signal)[Symbol.asyncIterator]()
    await events.next()
    let event: SourceEvent | undefined
    const waiting = events.next().then(({ value }) => {
      event = value ?? undefined
    })
    await expect.poll(() => clock.pending(), SOON).toBe(1)
    await file.replace('two')
    await clock.advance(4_999)
    expect(event).toBeUndefined()
    expect(clock.pending()).toBe(1)
    await clock.advance(1)
    await waiting
    expect(event).toMatchObject({ kind: 'document', revision: { name: '#2' } })
    const last = events.next()
    await expect.poll(() => clock.pending(), SOON).toBe(1)
    controller.abort()
    expect(await last).toEqual({ done: true, value: undefined })
    expect(clock.pending()).toBe(0)
  })
})
