import { chmod, copyFile, mkdir, mkdtemp, open, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileSource, type FileSourceOptions } from '../../../src/sources/file/index.ts'
import type { Source, SourceEvent } from '../../../src/api/source.ts'
import { runChild } from './support.ts'

const never = new AbortController().signal
const SOON = { timeout: 20_000, interval: 10 }

// So rare that only events of the system can be what a test sees; the poll has tests of its own.
const RARELY = 3_600_000

const textOf = (event: SourceEvent): string =>
  event.kind === 'document' ? Buffer.from(event.content as Uint8Array).toString('utf8') : event.kind

describe('Watching a file', () => {
  let folder: string
  let path: string
  let source: Source
  let controller: AbortController
  /** What the watch has reported: documents by their text, other things by their kind. */
  let reported: string[]
  let ended: Promise<unknown>

  const follow = async (options: Partial<FileSourceOptions> = {}): Promise<void> => {
    source = fileSource({ path, pollMs: RARELY, ...options })
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
    await chmod(folder, 0o755)
    await mkdir(join(folder, 'etc'))
    path = join(folder, 'etc', 'config.json')
    controller = new AbortController()
    reported = []
    await writeFile(path, 'one')
  })
  afterEach(async () => {
    controller.abort()
    await ended
    await rm(folder, { recursive: true, force: true })
  })

  it('sees atomic replacements, one after another', async () => {
    await follow()
    for (const text of ['two', 'three', 'four']) {
      await replace(text)
      await reports(text)
    }
    expect(reported).toEqual(['opened', 'two', 'three', 'four'])
  })

  it('sees vim’s way of saving as one change: a probe, the file renamed to a backup, a new one, the backup removed', async () => {
    await follow()
    for (const text of ['two', 'three']) {
      await writeFile(join(folder, 'etc', '4913'), '')
      await unlink(join(folder, 'etc', '4913'))
      await rename(path, `${path}~`)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await writeFile(path, text)
      await unlink(`${path}~`)
      await reports(text)
    }
    expect(reported).toEqual(['opened', 'two', 'three'])
  })

  it('sees a backup by copy with the file written in place, as nano and others save', async () => {
    await follow()
    await copyFile(path, `${path}~`)
    await writeFile(path, 'two')
    await reports('two')
    expect(reported).toEqual(['opened', 'two'])
  })

  it('sees the end of a half-written file, however long the writer stops in the middle', async () => {
    await follow()
    const file = await open(path, 'w')
    await file.write('{"half":')
    await reports('{"half":') // the writer has stopped for longer than the settling time
    await file.write('"done"}')
    await file.close()
    await reports('{"half":"done"}')
  })

  it('sees the file go and come back', async () => {
    await follow()
    for (const text of ['two', 'three']) {
      await unlink(path)
      await reports('missing')
      await writeFile(path, text)
      await reports(text)
    }
    expect(reported).toEqual(['opened', 'missing', 'two', 'missing', 'three'])
  })

  it('sees the folder go and come back, many levels of it', async () => {
    path = join(folder, 'etc', 'a', 'b', 'config.json')
    const make = async (text: string): Promise<void> => {
      await mkdir(join(folder, 'etc', 'a', 'b'), { recursive: true })
      await writeFile(path, text)
    }
    await make('one')
    await follow()
    for (const text of ['two', 'three']) {
      await rm(join(folder, 'etc'), { recursive: true })
      await reports('missing')
      await make(text)
      await reports(text)
      await replace(`${text}, replaced`)
      await reports(`${text}, replaced`)
    }
  })

  it('sees a folder that is removed and made again at once', async () => {
    await follow()
    for (const text of ['two', 'three', 'four']) {
      await rm(join(folder, 'etc'), { recursive: true })
      await mkdir(join(folder, 'etc'))
      await writeFile(path, text)
      await reports(text)
      await writeFile(path, `${text}, again`)
      await reports(`${text}, again`)
    }
  })

  it('sees another folder put in the place of the folder', async () => {
    await follow()
    await mkdir(join(folder, 'next'))
    await writeFile(join(folder, 'next', 'config.json'), 'two')
    await rename(join(folder, 'etc'), join(folder, 'old'))
    await rename(join(folder, 'next'), join(folder, 'etc'))
    await reports('two')
    await writeFile(join(folder, 'old', 'config.json'), 'of the old folder')
    await replace('three')
    await reports('three')
    expect(reported).not.toContain('of the old folder')
  })

  it('waits for a file in folders that do not exist yet', async () => {
    path = join(folder, 'not', 'yet', 'config.json')
    await follow()
    await mkdir(join(folder, 'not', 'yet'), { recursive: true })
    await writeFile(path, 'first')
    await reports('first')
  })

  it('follows the swaps of a Kubernetes ConfigMap’s ..data link, and edits behind it', async () => {
    const mount = join(folder, 'mount')
    const publish = async (version: string, text: string): Promise<void> => {
      await mkdir(join(mount, `..${version}`))
      await writeFile(join(mount, `..${version}`, 'config.json'), text)
      await symlink(`..${version}`, join(mount, '..data_tmp'))
      await rename(join(mount, '..data_tmp'), join(mount, '..data'))
    }
    await mkdir(mount)
    await publish('2030_01_01', 'one')
    await symlink('..data/config.json', join(mount, 'config.json'))
    path = join(mount, 'config.json')
    await follow()
    await publish('2030_01_02', 'two')
    await reports('two')
    await rm(join(mount, '..2030_01_01'), { recursive: true })
    await publish('2030_01_03', 'three')
    await reports('three')
    await writeFile(join(mount, '..2030_01_03', 'config.json'), 'three, edited')
    await reports('three, edited')
    expect(reported).toEqual(['opened', 'two', 'three', 'three, edited'])
  })

  it('follows a folder on the way that is a link, absolute, and swapped, as releases are', async () => {
    for (const release of ['v1', 'v2']) {
      await mkdir(join(folder, 'releases', release), { recursive: true })
      await writeFile(join(folder, 'releases', release, 'config.json'), release)
    }
    await symlink(join(folder, 'releases', 'v1'), join(folder, 'current'))
    path = join(folder, 'current', 'config.json')
    await follow()
    await symlink(join(folder, 'releases', 'v2'), join(folder, 'next'))
    await rename(join(folder, 'next'), join(folder, 'current'))
    await reports('v2')
    await writeFile(join(folder, 'releases', 'v2', 'config.json'), 'v2, edited')
    await reports('v2, edited')
  })

  it('ends with the newest of 100 rapid writes, in place or by replacement', async () => {
    await follow()
    for (let n = 1; n <= 100; n++) await writeFile(path, `in place ${n}`)
    await reports('in place 100')
    for (let n = 1; n <= 100; n++) await replace(`replaced ${n}`)
    await reports('replaced 100')
    expect(reported.length).toBeLessThan(50)
  })

  it('reports nothing for other files in the folder, nor for the same content', async () => {
    await follow()
    for (let n = 0; n < 50; n++) await writeFile(join(folder, 'etc', `other-${n}.json`), 'other')
    await replace('one')
    await replace('two')
    await reports('two')
    expect(reported).toEqual(['opened', 'two'])
  })

  it('breaks with source.failed when a folder takes the file’s place, and a new watch goes on after it', async () => {
    await follow()
    await unlink(path)
    await mkdir(path)
    expect(await ended).toMatchObject({ code: 'source.failed' })
    await rm(path, { recursive: true })
    await writeFile(path, 'two')
    reported = []
    await follow()
    await writeFile(path, 'three')
    await reports('three')
  })

  it('breaks with source.denied when permission is taken away', async () => {
    const done = runChild('watch', path, (line) => {
      if (JSON.stringify(line) === '{"kind":"opened"}') void chmod(path, 0)
    })
    expect(await done).toEqual({ code: 0, lines: [{ kind: 'opened' }, { code: 'source.denied' }] })
  })

  it('outlives a moment without any file descriptor left, as fs.watch then fails', async () => {
    const { code, lines } = await runChild('exhausted', path)
    expect(code).toBe(0)
    expect(lines).toEqual([{ watching: 'EMFILE' }, { kind: 'opened' }, { kind: 'document', name: '#2' }])
  })

  it.each(['abort', 'close'] as const)('leaves nothing that keeps a process alive after %s', async (task) => {
    const { code, lines } = await runChild(task, path)
    expect(code).toBe(0)
    expect(lines).toEqual([task === 'abort' ? { first: 'opened', ended: true } : { closed: true }])
  })
})
