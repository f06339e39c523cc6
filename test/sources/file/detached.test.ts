import { execFileSync } from 'node:child_process'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Mounts } from '../../../src/sources/file/mounts.ts'
import { SOON } from '../follow.ts'
import { useMounted } from './run-mounted.ts'

/** Mounting needs the right to make a mount namespace, which not every machine gives. */
const canMount = (() => {
  try {
    execFileSync('unshare', [
      '-m',
      'sh',
      '-c',
      'touch /tmp/$$ && mount --bind /tmp/$$ /tmp/$$ && umount /tmp/$$ && rm /tmp/$$',
    ])
    return true
  } catch {
    return false
  }
})()

const runMounted = useMounted()

describe.skipIf(!canMount)('A file that is mounted alone', () => {
  it.each([
    ['is replaced by a rename', 'mv next host.json'],
    ['is removed', 'rm host.json'],
    ['is renamed to a backup, beside which a new file is written', 'mv host.json host.json~; cp next host.json'],
    ['has a hard link, and is replaced by a rename', 'ln host.json link; mv next host.json'],
  ])('is reported once as detached, and is not in sync, if on the host it %s', async (_title, change) => {
    const service = await runMounted()
    expect(await service.status()).toMatchObject({ serving: 1, inSync: true, reports: 0 })
    service.onHost(change)
    const expected = { serving: 1, inSync: false, lastError: 'source.detached', reports: 1, state: 'watching' }
    await expect.poll(service.status, SOON).toMatchObject(expected)
    await service.command('reload')
    expect(await service.status()).toMatchObject(expected)
  })

  it('is followed as any other file if it is written in place', async () => {
    const service = await runMounted()
    service.onHost('cat next > host.json')
    await expect.poll(service.status, SOON).toMatchObject({ serving: 2, inSync: true, reports: 0 })
  })

  it('is in sync again when it is mounted again', async () => {
    const service = await runMounted()
    service.onHost('mv next host.json')
    await expect.poll(service.status, SOON).toMatchObject({ serving: 1, inSync: false })
    service.onHost('umount -l mounted.json; mount --bind host.json mounted.json')
    await expect.poll(service.status, SOON).toMatchObject({ serving: 2, inSync: true, reports: 1 })
  })

  it('is reported if it had been replaced before the process started', async () => {
    const service = await runMounted({ before: 'mv next host.json' })
    await expect.poll(service.status, SOON).toMatchObject({ serving: 1, inSync: false, reports: 1 })
  })

  it('is reported if the document refers to it', async () => {
    const service = await runMounted({ isKey: true })
    expect(await service.status()).toMatchObject({ inSync: true, reports: 0 })
    service.onHost('mv next host.json')
    await expect.poll(service.status, SOON).toMatchObject({ inSync: false, lastError: 'source.detached', reports: 1 })
  })

  it('does not matter if it is in a folder that is mounted', async () => {
    const service = await runMounted({ mountsFolder: true })
    service.onHost('mv next folder/host.json')
    await expect.poll(service.status, SOON).toMatchObject({ serving: 2, inSync: true, reports: 0 })
  })
})

describe('The mounts', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'changeover mounts-'))
    path = join(folder, 'config.json')
    await writeFile(path, '{}')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const line = (root: string, point: string): string =>
    `62 42 254:0 ${root} ${point.replaceAll(' ', '\\040')} rw,relatime - ext4 /dev/vda rw\n`

  it('say nothing of a file that is replaced, removed or written again', async () => {
    const mounts = new Mounts()
    expect(await mounts.isDetached(path)).toBe(false)
    await writeFile(`${path}.new`, '{}')
    await rename(`${path}.new`, path)
    expect(await mounts.isDetached(path)).toBe(false)
    await rm(path)
    expect(await mounts.isDetached(path)).toBe(false)
    await writeFile(path, '{}')
    expect(await mounts.isDetached(path)).toBe(false)
  })

  it('tell that the root of the mount of this file is gone or has another name, also of the uppermost of several', async () => {
    let text = line('/data', folder) + line('/host.json', path)
    const mounts = new Mounts(async () => text)
    expect(await mounts.isDetached(path)).toBe(false)
    text += line('/host.json~', path)
    expect(await mounts.isDetached(path)).toBe(true)
    text = line('/host.json', path)
    expect(await mounts.isDetached(path)).toBe(false)
    text = line('/host.json//deleted', path)
    expect(await mounts.isDetached(path)).toBe(true)
    await writeFile(`${path}.new`, '{}')
    await rename(`${path}.new`, path)
    text = line('/another.json', path)
    expect(await mounts.isDetached(path)).toBe(false)
  })

  it('are looked at once for a file that is not mounted alone, and not at all where there are none', async () => {
    let looks = 0
    const mounts = new Mounts(async () => {
      looks += 1
      return line('/data', folder)
    })
    for (let n = 0; n < 5; n++) await mounts.isDetached(path)
    expect(looks).toBe(1)
    const none = new Mounts(() => Promise.reject(new Error('no such file')))
    expect(await none.isDetached(path)).toBe(false)
    expect(await none.isDetached('/proc/self/status')).toBe(false)
  })
})
