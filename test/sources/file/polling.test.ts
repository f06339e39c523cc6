import { EventEmitter } from 'node:events'
import { watch, type FSWatcher } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createFileWatcher, type WatchFolder } from '../../../src/sources/file/file-watcher.ts'
import { createFileSource } from '../../../src/sources/file/file-source.ts'
import type { SourceEvent } from '../../../src/api/source.ts'
import { createVirtualClock } from '../../../src/testing/fakes/virtual-clock.ts'

const never = new AbortController().signal
const SOON = { timeout: 20_000, interval: 10 }

const textOf = (event: SourceEvent): string =>
  event.kind === 'document' ? Buffer.from(event.content as Uint8Array).toString('utf8') : event.kind

const refuse =
  (code: string): WatchFolder =>
  () => {
    throw Object.assign(new Error('no watch'), { code })
  }

/** Network filesystems: watching succeeds, and nothing is ever reported. */
const silent: WatchFolder = (path) => watch(path, () => undefined)

describe('Polling a file', () => {
  let folder: string
  let path: string
  let controller: AbortController
  let reported: string[]
  let ended: Promise<unknown>

  const follow = async (watchFolder: WatchFolder, pollMs = 50): Promise<void> => {
    const source = createFileSource({ path, pollMs }, watchFolder)
    const { revision } = await source.read(never)
    const run = async (): Promise<void> => {
      for await (const event of source.watch(revision, controller.signal)) reported.push(textOf(event))
    }
    ended = run().catch((error: unknown) => error)
    await expect.poll(() => reported, SOON).toEqual(['opened'])
  }
  const reports = (text: string): Promise<void> => expect.poll(() => reported.at(-1), SOON).toBe(text)
  const replace = async (text: string): Promise<void> => {
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'changeover-file-'))
    path = join(folder, 'config.json')
    controller = new AbortController()
    reported = []
    await writeFile(path, 'one')
  })
  afterEach(async () => {
    controller.abort()
    await ended
    await rm(folder, { recursive: true })
  })

  it.each([
    ['no inotify watch is left', refuse('ENOSPC')],
    ['no file descriptor is left', refuse('EMFILE')],
    ['the system reports nothing', silent],
  ])('finds every kind of change where %s', async (_title, watchFolder) => {
    await follow(watchFolder)
    await replace('two')
    await reports('two')
    await writeFile(path, 'three')
    await reports('three')
    await unlink(path)
    await reports('missing')
    await mkdir(join(folder, 'v2'))
    await writeFile(join(folder, 'v2', 'config.json'), 'four')
    await symlink('v2/config.json', path)
    await reports('four')
    await writeFile(join(folder, 'v2', 'config.json'), 'five')
    await reports('five')
    expect(reported).toEqual(['opened', 'two', 'three', 'missing', 'four', 'five'])
  })

  it('watches again as soon as the system lets it', async () => {
    let calls = 0
    await follow((at, listener) => {
      calls += 1
      if (calls < 5) throw Object.assign(new Error('no watch'), { code: 'ENOSPC' })
      return watch(at, listener)
    })
    await expect.poll(() => calls, SOON).toBe(5)
    await replace('two')
    await reports('two')
    expect(calls).toBe(5)
  })

  it('goes on after a watcher has failed', async () => {
    const watchers: EventEmitter[] = []
    await follow(() => {
      const watcher = Object.assign(new EventEmitter(), { close: () => undefined })
      watchers.push(watcher)
      return watcher as unknown as FSWatcher
    })
    const first = watchers.at(-1)
    first?.emit('error', Object.assign(new Error('gone'), { code: 'EPERM' }))
    await expect.poll(() => watchers.at(-1) !== first, SOON).toBe(true)
    await replace('two')
    await reports('two')
  })

  it('is left to itself by events of other files in the folder', async () => {
    const clock = createVirtualClock()
    const bell = createFileWatcher({ path, clock, pollMs: 5_000 })
    const names = new Set<string | null>()
    const witness = watch(folder, (_event, name) => names.add(name))
    await bell.refresh(never)
    const others = Array.from({ length: 20 }, (_, n) => `other-${n}.json`)
    for (const other of others) await writeFile(join(folder, other), 'other')
    await expect.poll(() => others.every((other) => names.has(other)), SOON).toBe(true)
    const first = bell.changed()
    await clock.advance(5_000)
    expect(await first).toBe('poll')
    await replace('two')
    expect(await bell.changed()).toBe('event')
    bell.close()
    witness.close()
    expect(await bell.changed()).toBe('closed')
  })

  it('looks only when its interval has passed, by the clock it is given, and leaves no timer', async () => {
    const clock = createVirtualClock()
    const source = createFileSource({ path, clock, pollMs: 5_000 }, silent)
    const { revision } = await source.read(never)
    const events = source.watch(revision, controller.signal)[Symbol.asyncIterator]()
    await events.next()
    let event: SourceEvent | undefined
    const waiting = events.next().then(({ value }) => {
      event = value ?? undefined
    })
    await expect.poll(() => clock.pending(), SOON).toBe(1)
    await replace('two')
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
