import { chmod, copyFile, mkdir, open, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fileSource, type FileSourceOptions } from '../../../src/sources/file/index.ts'
import { SOON } from '../follow.ts'
import { useChild } from './run-child.ts'
import { useWatchedFile } from './watched-file.ts'

// So rare that a test sees only events of the system; the poll has tests of its own.
const RARELY = 3_600_000

const runChild = useChild()

describe('The watch of a file', () => {
  const file = useWatchedFile()

  const follow = (options: Partial<FileSourceOptions> = {}): Promise<void> =>
    file.follow(fileSource({ path: file.path, pollMs: RARELY, ...options }))

  it('reports atomic replacements, one after another', async () => {
    await follow()
    for (const text of ['two', 'three', 'four']) {
      await file.replace(text)
      await file.reports(text)
    }
    expect(file.reported).toEqual(['opened', 'two', 'three', 'four'])
  })

  it('reports the way in which vim saves as one change: a probe, a rename to a backup, a new file, the backup removed', async () => {
    await follow()
    for (const text of ['two', 'three']) {
      await writeFile(join(file.folder, 'etc', '4913'), '')
      await unlink(join(file.folder, 'etc', '4913'))
      await rename(file.path, `${file.path}~`)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await writeFile(file.path, text)
      await unlink(`${file.path}~`)
      await file.reports(text)
    }
    expect(file.reported).toEqual(['opened', 'two', 'three'])
  })

  it('reports a file that is copied to a backup and written in place, as nano and others save', async () => {
    await follow()
    await copyFile(file.path, `${file.path}~`)
    await writeFile(file.path, 'two')
    await file.reports('two')
    expect(file.reported).toEqual(['opened', 'two'])
  })

  it('reports the end of a half-written file, however long the writer pauses', async () => {
    await follow()
    const handle = await open(file.path, 'w')
    await handle.write('{"half":')
    await file.reports('{"half":') // the writer has paused for longer than settleMs
    await handle.write('"done"}')
    await handle.close()
    await file.reports('{"half":"done"}')
  })

  it('reports that the file vanishes and returns', async () => {
    await follow()
    for (const text of ['two', 'three']) {
      await unlink(file.path)
      await file.reports('missing')
      await writeFile(file.path, text)
      await file.reports(text)
    }
    expect(file.reported).toEqual(['opened', 'missing', 'two', 'missing', 'three'])
  })

  it('reports that many levels of folders vanish and return', async () => {
    file.path = join(file.folder, 'etc', 'a', 'b', 'config.json')
    const make = async (text: string): Promise<void> => {
      await mkdir(join(file.folder, 'etc', 'a', 'b'), { recursive: true })
      await writeFile(file.path, text)
    }
    await make('one')
    await follow()
    for (const text of ['two', 'three']) {
      await rm(join(file.folder, 'etc'), { recursive: true })
      await file.reports('missing')
      await make(text)
      await file.reports(text)
      await file.replace(`${text}, replaced`)
      await file.reports(`${text}, replaced`)
    }
  })

  it('reports a change if the folder is removed and made again at once', async () => {
    await follow()
    for (const text of ['two', 'three', 'four']) {
      await rm(join(file.folder, 'etc'), { recursive: true })
      await mkdir(join(file.folder, 'etc'))
      await writeFile(file.path, text)
      await file.reports(text)
      await writeFile(file.path, `${text}, again`)
      await file.reports(`${text}, again`)
    }
  })

  it('reports a change if another folder takes the place of the folder', async () => {
    await follow()
    await mkdir(join(file.folder, 'next'))
    await writeFile(join(file.folder, 'next', 'config.json'), 'two')
    await rename(join(file.folder, 'etc'), join(file.folder, 'old'))
    await rename(join(file.folder, 'next'), join(file.folder, 'etc'))
    await file.reports('two')
    await writeFile(join(file.folder, 'old', 'config.json'), 'of the old folder')
    await file.replace('three')
    await file.reports('three')
    expect(file.reported).not.toContain('of the old folder')
  })

  it('reports a file in folders that did not exist before', async () => {
    file.path = join(file.folder, 'not', 'yet', 'config.json')
    await follow()
    await mkdir(join(file.folder, 'not', 'yet'), { recursive: true })
    await writeFile(file.path, 'first')
    await file.reports('first')
  })

  it('follows the ..data link of a Kubernetes ConfigMap, and edits behind it', async () => {
    const mount = join(file.folder, 'mount')
    const publish = async (version: string, text: string): Promise<void> => {
      await mkdir(join(mount, `..${version}`))
      await writeFile(join(mount, `..${version}`, 'config.json'), text)
      await symlink(`..${version}`, join(mount, '..data_tmp'))
      await rename(join(mount, '..data_tmp'), join(mount, '..data'))
    }
    await mkdir(mount)
    await publish('2030_01_01', 'one')
    await symlink('..data/config.json', join(mount, 'config.json'))
    file.path = join(mount, 'config.json')
    await follow()
    await publish('2030_01_02', 'two')
    await file.reports('two')
    await rm(join(mount, '..2030_01_01'), { recursive: true })
    await publish('2030_01_03', 'three')
    await file.reports('three')
    await writeFile(join(mount, '..2030_01_03', 'config.json'), 'three, edited')
    await file.reports('three, edited')
    expect(file.reported).toEqual(['opened', 'two', 'three', 'three, edited'])
  })

  it('follows a folder that is an absolute link to the current release', async () => {
    for (const release of ['v1', 'v2']) {
      await mkdir(join(file.folder, 'releases', release), { recursive: true })
      await writeFile(join(file.folder, 'releases', release, 'config.json'), release)
    }
    await symlink(join(file.folder, 'releases', 'v1'), join(file.folder, 'current'))
    file.path = join(file.folder, 'current', 'config.json')
    await follow()
    await symlink(join(file.folder, 'releases', 'v2'), join(file.folder, 'next'))
    await rename(join(file.folder, 'next'), join(file.folder, 'current'))
    await file.reports('v2')
    await writeFile(join(file.folder, 'releases', 'v2', 'config.json'), 'v2, edited')
    await file.reports('v2, edited')
  })

  it('reports the newest of 100 rapid writes last, in place or by replacement', async () => {
    await follow()
    for (let n = 1; n <= 100; n++) await writeFile(file.path, `in place ${n}`)
    await file.reports('in place 100')
    for (let n = 1; n <= 100; n++) await file.replace(`replaced ${n}`)
    await file.reports('replaced 100')
    expect(file.reported.length).toBeLessThan(50)
  })

  it('reports nothing for other files in the folder, and nothing for the same content', async () => {
    await follow()
    for (let n = 0; n < 50; n++) await writeFile(join(file.folder, 'etc', `other-${n}.json`), 'other')
    await file.replace('one')
    await file.replace('two')
    await file.reports('two')
    expect(file.reported).toEqual(['opened', 'two'])
  })

  it('breaks with source.failed when a folder takes the place of the file, and a new watch works after that', async () => {
    await follow()
    await unlink(file.path)
    await mkdir(file.path)
    await expect.poll(() => file.followed?.code(), SOON).toBe('source.failed')
    await rm(file.path, { recursive: true })
    await writeFile(file.path, 'two')
    await follow()
    await writeFile(file.path, 'three')
    await file.reports('three')
  })

  it('breaks with source.denied when permission is taken away', async () => {
    const done = runChild('watch', file.path, (line) => {
      if (JSON.stringify(line) === '{"kind":"opened"}') void chmod(file.path, 0)
    })
    expect(await done).toEqual({ code: 0, lines: [{ kind: 'opened' }, { code: 'source.denied' }] })
  })

  it('survives a moment without file descriptors, in which fs.watch fails', async () => {
    const { code, lines } = await runChild('exhausted', file.path)
    expect(code).toBe(0)
    expect(lines).toEqual([{ watching: 'EMFILE' }, { kind: 'opened' }, { kind: 'document', name: '#2' }])
  })

  it.each(['abort', 'close'] as const)('leaves nothing that keeps the process alive after %s', async (task) => {
    const { code, lines } = await runChild(task, file.path)
    expect(code).toBe(0)
    expect(lines).toEqual([task === 'abort' ? { first: 'opened', ended: true } : { closed: true }])
  })
})
