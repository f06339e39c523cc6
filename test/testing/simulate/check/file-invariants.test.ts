import { expect, it } from 'vitest'
import { goodCodec, ownerCodec } from '../../../../src/persistence/codec.ts'
import type { Good } from '../../../../src/persistence/persisted-state.ts'
import type { Owner, OwnerState } from '../../../../src/persistence/sharing/owner.ts'
import { FileInvariants } from '../../../../src/testing/simulate/check/file-invariants.ts'

const PATH = '/simulated/good'

const ownerOf = (instance: string): Owner => ({ host: 'h', boot: '', space: '', pid: 1, started: '', instance })
const claim = (instance: string): Buffer => Buffer.from(ownerCodec.encode(ownerOf(instance)) ?? '')

const good = (sequence: number): Buffer => {
  const revision = { lineage: 'a', name: `${sequence}`, order: sequence }
  const stored: Good = { text: '{}', digest: 'd'.repeat(43), revision, savedAt: 1, provedAt: 1, sequence } as never
  const text = goodCodec.encode(stored)
  if (text === undefined) throw new Error('the good cannot be stored')
  return Buffer.from(text)
}

/** The files of one host, as its process `me` changes them beside `living` and `dead`. */
const host = (content: Readonly<Record<string, Buffer>>) => {
  const files = new Map(Object.entries(content).map(([name, bytes]) => [`${PATH}${name}`, bytes]))
  const broken: string[] = []
  const stateOf = ({ instance }: Owner): OwnerState => (instance === 'dead' ? 'dead' : 'alive')
  const invariants = new FileInvariants(files, { self: ownerOf('me'), stateOf }, (name, message) =>
    broken.push(`${name}: ${message}`),
  )
  const create = (name: string): void => invariants.beforeCreate(`${PATH}${name}`)
  const write = (name: string, bytes: Buffer): void => {
    const path = `${PATH}${name}`
    invariants.change(path, () => void files.set(path, bytes))
  }
  const remove = (name: string): void => {
    const path = `${PATH}${name}`
    invariants.change(path, () => void files.delete(path))
  }
  return { broken, create, write, remove }
}

const TAKEN = 'last known good: the files of a process that lives are taken over'
const CHANGED = 'last known good: the files of a process that lives are changed by another one'
const LOST = 'last known good: the newest config that was stored is no longer on the disk'

it.each([
  ['', '.owner-3'],
  ['.slot2', '.slot2.owner-12'],
])('A process that claims the files of one that lives is accused (slot %j)', (slot, next) => {
  const { broken, create } = host({ [`${slot}.owner-2`]: claim('living') })
  create(next)
  expect(broken).toEqual([TAKEN])
})

it('A process may claim what is free, its own, or that of a process which has ended', () => {
  const { broken, create } = host({
    '.owner-1': claim('living'),
    '.owner-2': claim('dead'),
    '.slot1.owner-4': claim('me'),
    '.slot2.owner-5': Buffer.from(''),
  })
  for (const name of ['.owner-3', '.slot1.owner-5', '.slot2.owner-6', '.slot3.owner-1', '.owner-2.tmp', '.journal'])
    create(name)
  // Overtaken: the claim below is the one that it has found.
  create('.owner-2')
  expect(broken).toEqual([TAKEN])
})

it.each(['', '.1', '.2', '.journal'])('A process that writes or removes %j of one that lives is accused', (entry) => {
  const { broken, write, remove } = host({ '.owner-2': claim('living'), '.owner-1': claim('me') })
  write(entry, Buffer.from('x'))
  remove(entry)
  expect(broken).toEqual([CHANGED, CHANGED])
})

it('A process may change its own files, temporary ones, claims, and what was left', () => {
  const { broken, write, remove } = host({
    '.owner-1': claim('me'),
    '.slot1.owner-1': claim('dead'),
    '.slot2.owner-1': claim('living'),
  })
  for (const name of ['', '.1', '.journal', '.slot1', '.slot1.2', '.slot2.12-0123456789abcdef.tmp'])
    write(name, good(1))
  write('.slot2.owner-1', Buffer.from(''))
  remove('.slot1')
  expect(broken).toEqual([])
})

it('A process that removes or overwrites the newest good is accused, if no other file holds it', () => {
  const { broken, write, remove } = host({ '': good(5), '.1': good(7), '.slot1': good(7), '.slot1.1': good(4) })
  remove('.1')
  expect(broken).toEqual([])
  remove('.slot1')
  expect(broken).toEqual([LOST])
  write('', good(3))
  expect(broken).toEqual([LOST, LOST])
  write('', good(9))
  write('.1', good(8))
  remove('.1')
  expect(broken).toHaveLength(2)
})

it('A process that removes the first good of all is accused', () => {
  const { broken, remove } = host({ '': good(1) })
  remove('')
  expect(broken).toEqual([LOST])
})

it('A good in a temporary file is not stored yet, and one that is damaged is none', () => {
  const { broken, write, remove } = host({ '': good(5) })
  write('.1.tmp', good(9))
  remove('.1.tmp')
  write('.2', Buffer.from(`${good(9)}x`))
  remove('.2')
  expect(broken).toEqual([])
  remove('')
  expect(broken).toEqual([LOST])
})
