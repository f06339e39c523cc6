import { mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NO_REVISION } from '../../../../src/history/document-store.ts'
import { MAX_ENTRIES } from '../../../../src/history/history-entry.ts'
import { systemFiles } from '../../../../src/persistence/file-system.ts'
import { systemProcesses } from '../../../../src/persistence/sharing/owner.ts'
import { SlotClaim } from '../../../../src/persistence/sharing/slot-claim.ts'
import { fileDocumentStore } from '../../../../src/sources/file/operator/file-document-store.ts'
import { never, SOON } from '../../follow.ts'

/** No process has this id. */
const DEAD = '999999999'
const LOCK_MS = 30_000

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changeover-file-history-'))
  path = join(folder, 'config.json')
})
afterEach(() => rm(folder, { recursive: true }))

const openStore = (lockMs = LOCK_MS) => fileDocumentStore(path, lockMs)
const historyFolder = (): string => `${path}.changeover`
const entryFile = (number: number, kind = 'entry'): string =>
  join(historyFolder(), `${String(number).padStart(10, '0')}.${kind}`)
const textOf = (n: number): string => `{"n":${n}}`

/** Writes the documents from one number to another, each over the one before. */
const writeAll = async (from: number, to: number): Promise<void> => {
  const store = openStore()
  for (let n = from; n <= to; n++) {
    const { revision } = await store.read(never)
    const change = { text: textOf(n), ifRevision: revision, author: 'Ada', reason: `${n}`, action: 'publish' } as const
    expect((await store.write(change, never)).number).toBe(n)
  }
  await store.close()
}

const numbersOf = async (limit?: number): Promise<readonly number[]> => {
  const { entries } = await openStore().history(never, limit)
  return entries.map(({ number }) => number)
}

const down = (newest: number, count: number): readonly number[] => Array.from({ length: count }, (_, at) => newest - at)

describe('The history of a file', () => {
  it('is a file for each entry, which only its owner may read', async () => {
    await writeAll(1, 2)
    expect((await readdir(historyFolder())).filter((name) => !name.startsWith('lock')).toSorted()).toEqual([
      '0000000001.entry',
      '0000000002.entry',
      'head.json',
    ])
    for (const file of [path, entryFile(1), join(historyFolder(), 'head.json')]) {
      expect([file, (await stat(file)).mode & 0o777]).toEqual([file, 0o600])
    }
    expect((await stat(historyFolder())).mode & 0o777).toBe(0o700)
  })

  it('holds the newest fifty entries, and is read up to any limit', async () => {
    const count = MAX_ENTRIES + 2
    await writeAll(1, count)
    expect(await numbersOf(1_000)).toEqual(down(count, MAX_ENTRIES))
    for (const limit of [1, 2, MAX_ENTRIES - 1]) expect(await numbersOf(limit)).toEqual(down(count, limit))
    const { head, isCurrent } = await openStore().history(never)
    expect([head?.number, isCurrent]).toEqual([count, true])
    expect(await openStore().entry(2, never)).toBeUndefined()
    expect((await openStore().entry(3, never))?.text).toBe(textOf(3))
  })

  it('is empty before the first publish, and without a document', async () => {
    expect(await openStore().history(never)).toMatchObject({ document: { revision: NO_REVISION }, entries: [] })
    await writeFile(path, textOf(1))
    const found = await openStore().history(never)
    expect([found.head, found.entries, found.isCurrent]).toEqual([undefined, [], false])
  })

  it('takes no other file of its folder for an entry', async () => {
    await writeAll(1, 2)
    for (const name of ['notes.entry', '0000000009.entry.bak', '9.entry', '0000000009.other', 'x0000000009.entry'])
      await writeFile(join(historyFolder(), name), 'x')
    expect(await numbersOf()).toEqual([2, 1])
    await writeAll(3, 3)
    expect(await numbersOf()).toEqual([3, 2, 1])
  })

  it('keeps the mode of a document that is there, and a link to it', async () => {
    const real = join(folder, 'real.json')
    await writeFile(real, textOf(0), { mode: 0o640 })
    await symlink(real, path)
    const { revision } = await openStore().read(never)
    await openStore().write(
      { text: textOf(1), ifRevision: revision, author: 'Ada', reason: '', action: 'publish' },
      never,
    )
    expect(await readFile(real, 'utf8')).toBe(textOf(1))
    expect((await stat(real)).mode & 0o777).toBe(0o640)
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['config.json', 'real.json', 'real.json.changeover']))
  })
})

describe('A publisher that was killed', () => {
  it('has published if its document is there: its entry is shown, and kept by the next publisher', async () => {
    await writeAll(1, 2)
    await rename(entryFile(2), entryFile(2, 'pending'))
    expect(await numbersOf()).toEqual([2, 1])
    expect((await openStore().entry(2, never))?.text).toBe(textOf(2))
    expect((await openStore().history(never)).isCurrent).toBe(true)
    await writeAll(3, 3)
    expect(await numbersOf()).toEqual([3, 2, 1])
    expect(await readdir(historyFolder())).not.toContain('0000000002.pending')
  })

  it('has not published if another document is there: its entry is no entry, and its number is used again', async () => {
    await writeAll(1, 2)
    await rename(entryFile(2), entryFile(2, 'pending'))
    await writeFile(path, textOf(1))
    expect(await numbersOf()).toEqual([1])
    expect(await openStore().entry(2, never)).toBeUndefined()
    await writeAll(2, 2)
    expect(await numbersOf()).toEqual([2, 1])
  })

  it('leaves temporary files, which the next publisher removes; those of one that lives stay', async () => {
    await writeAll(1, 1)
    const ofDead = [
      `${path}.${DEAD}-0123456789abcdef.tmp`,
      `${entryFile(2, 'pending')}.${DEAD}-0123456789abcdef.tmp`,
      join(historyFolder(), `head.json.${DEAD}-0123456789abcdef.tmp`),
    ]
    const ofLiving = [`${path}.${process.ppid}-0123456789abcdef.tmp`]
    const ofOthers = [join(folder, 'other.tmp'), join(historyFolder(), 'mine.tmp')]
    for (const file of [...ofDead, ...ofLiving, ...ofOthers]) await writeFile(file, 'x')
    await writeAll(2, 2)
    const left = [...(await readdir(folder)), ...(await readdir(historyFolder()))].filter((name) =>
      name.endsWith('.tmp'),
    )
    expect(left.toSorted()).toEqual(
      [...ofLiving, ...ofOthers].map((file) => file.slice(file.lastIndexOf('/') + 1)).toSorted(),
    )
  })
})

describe('A publisher that finds another one at work', () => {
  /** A lock that the process which has started this one may take. */
  const lockOf = () => {
    const { self, stateOf } = systemProcesses()
    const parent = { ...self, pid: process.ppid, started: '', instance: 'parent' }
    return new SlotClaim(join(historyFolder(), 'lock'), systemFiles, { self: parent, stateOf })
  }
  const change = { text: textOf(9), author: 'Ada', reason: '', action: 'publish' } as const

  it('waits until the other one has ended', async () => {
    await writeAll(1, 1)
    const { revision } = await openStore().read(never)
    const lock = lockOf()
    expect(await lock.take()).toBe(true)
    let isWritten = false
    const writing = openStore()
      .write({ ...change, ifRevision: revision }, never)
      .then((written) => {
        isWritten = true
        return written
      })
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(isWritten).toBe(false)
    await lock.release()
    expect((await writing).number).toBe(2)
  })

  it('gives up after lockMs, and writes nothing', async () => {
    await writeAll(1, 1)
    const { revision } = await openStore().read(never)
    const lock = lockOf()
    expect(await lock.take()).toBe(true)
    await expect(openStore(60).write({ ...change, ifRevision: revision }, never)).rejects.toMatchObject({
      code: 'history.busy',
    })
    expect(await readFile(path, 'utf8')).toBe(textOf(1))
    await lock.release()
  })
})

describe('A watch of a file', () => {
  it('shows the document that is there, and each later one once', async () => {
    await writeAll(1, 1)
    const store = openStore()
    const seen: (string | undefined)[] = []
    const controller = new AbortController()
    const watching = (async () => {
      for await (const { text } of store.watch(controller.signal)) seen.push(text)
    })()
    await expect.poll(() => seen, SOON).toEqual([textOf(1)])
    for (const n of [2, 3]) {
      await writeAll(n, n)
      await expect.poll(() => seen.at(-1), SOON).toBe(textOf(n))
    }
    await rm(path)
    await expect.poll(() => seen.at(-1), SOON).toBeUndefined()
    expect(new Set(seen).size).toBe(seen.length)
    controller.abort()
    await watching
    await store.close()
  })
})
