import { describe, expect, it } from 'vitest'
import { SlotClaim } from '../../../src/persistence/sharing/slot-claim.ts'
import { ownerCodec } from '../../../src/persistence/codec.ts'
import type { Owner, Processes } from '../../../src/persistence/sharing/owner.ts'
import { createDisk, type Disk } from '../disk.ts'
import { createHost } from './host.ts'
import { goodOf } from '../scene.ts'

const self: Owner = { host: 'host', boot: 'boot', space: '', pid: 1, started: '1', instance: 'self' }
const living: Owner = { ...self, pid: 2, started: '2', instance: 'living' }
const processes: Processes = { self, stateOf: ({ instance }) => (instance === 'gone' ? 'dead' : 'alive') }

const claimOn = (disk: Disk): SlotClaim => new SlotClaim('/data/good', disk.files, processes)

describe('a claim of a slot', () => {
  it.each([
    ['rising', [9, 10]],
    ['falling', [10, 9]],
  ])('counts by number if the folder lists the names in %s order', async (_, numbers) => {
    const disk = createDisk()
    for (const number of numbers)
      disk.put(`/data/good.owner-${number}`, ownerCodec.encode({ ...living, instance: 'gone' }) ?? '')
    expect(await claimOn(disk).take()).toBe(true)
    expect(disk.paths()).toEqual(['/data/good.owner-11'])
  })

  it('belongs to the owner with the highest number, not to the one whose name is last in the alphabet', async () => {
    const disk = createDisk()
    disk.put('/data/good.owner-10', ownerCodec.encode(living) ?? '')
    disk.put('/data/good.owner-9', ownerCodec.encode({ ...living, instance: 'gone' }) ?? '')
    const claim = claimOn(disk)
    expect(await claim.owner()).toEqual(living)
    expect(await claim.take()).toBe(false)
  })

  it('that the disk refuses leaves the files of the dead process to the next start', async () => {
    const host = createHost()
    const before = [host.boot('one'), host.boot('two')]
    for (const [index, { persistence }] of before.entries()) {
      await persistence.load()
      await persistence.saveGoods([goodOf(index + 1)])
    }
    for (const { kill } of before) kill()
    const files = {
      ...host.disk.files,
      createWhole: (path: string, text: string) =>
        path.includes('.slot') ? Promise.reject(new Error('ENOSPC')) : host.disk.files.createWhole(path, text),
    }
    const { persistence } = host.boot('next', files)
    expect((await persistence.load()).hasAdopted).toBeUndefined()
    await persistence.others.discardAdopted()
    expect(host.entries).toEqual(['good', 'good.slot1'])
  })
})
