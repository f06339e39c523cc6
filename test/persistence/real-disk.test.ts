import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/api/clock.ts'
import { fileStore } from '../../src/persistence/file-store.ts'
import { systemFiles } from '../../src/persistence/file-system.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import { useBundle } from '../support/bundled-program.ts'
import { type Ended, ownFolder, runChild } from './children.ts'
import { goodOf, journalOf, wordsOf } from './scene.ts'
import { counting, stepped } from './steps.ts'

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const { folder, make, remove } = ownFolder()
const child = useBundle(new URL('./disk-child.ts', import.meta.url))
let folders = 0
const newFolder = (): string => make(`disk ${++folders}`)

beforeAll(async () => {
  // The unprivileged child must be able to enter its folder.
  chmodSync(folder, 0o755)
})

afterAll(remove)

const persistenceOn = (path: string) => {
  const failures: string[] = []
  const persistence = new Persistence(fileStore(path), {
    clock: systemClock,
    deadlineMs: 60_000,
    report: (failed) => void failures.push(...wordsOf([failed])),
    backoff: { minMs: 5, maxMs: 20 },
  })
  return { persistence, failures }
}

/** A path on which three goods and a journal are stored. */
const usedPath = async (inside = newFolder()): Promise<string> => {
  const path = join(inside, 'good')
  const { persistence } = persistenceOn(path)
  expect(await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])).toBe(true)
  expect(await persistence.saveJournal(journalOf(1))).toBe(true)
  persistence.close()
  return path
}

const contents = (inside: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(inside)
      .sort()
      .map((name) => [name, readFileSync(join(inside, name), 'latin1')]),
  )

const modeOf = (path: string): number => statSync(path).mode & 0o777

const answersOf = ({ lines, code, complaints }: Ended): unknown[] => {
  expect({ code, complaints }).toEqual({ code: 0, complaints: '' })
  return lines.map((line) => JSON.parse(line))
}

describe('files', () => {
  it.each([0, 0o022, 0o077])('are readable by their owner only, with umask %o', async (umask) => {
    const before = process.umask(umask)
    try {
      const inside = newFolder()
      await usedPath(inside)
      expect(readdirSync(inside).sort()).toEqual(['good', 'good.1', 'good.2', 'good.journal'])
      expect(readdirSync(inside).map((name) => modeOf(join(inside, name)))).toEqual([0o600, 0o600, 0o600, 0o600])
    } finally {
      process.umask(before)
    }
  })

  it('become readable by their owner only when they are replaced', async () => {
    const path = await usedPath()
    const oldest = `${path}.2`
    chmodSync(oldest, 0o644)
    const { persistence } = persistenceOn(path)
    await persistence.load()
    await persistence.saveGoods([goodOf(4), goodOf(3), goodOf(2)])
    expect(readFileSync(oldest, 'utf8')).toContain('"sequence":4')
    expect(modeOf(oldest)).toBe(0o600)
  })

  it('stay where the store was created, even if the process changes its folder', async () => {
    const inside = newFolder()
    const before = process.cwd()
    process.chdir(inside)
    const { persistence } = persistenceOn('kept')
    process.chdir(before)
    expect(await persistence.saveGoods([goodOf(1)])).toBe(true)
    expect(readdirSync(inside)).toEqual(['kept'])
  })

  it.each<[string, (path: string) => void, string, string]>([
    [
      'a symlink to a file',
      (path) => {
        writeFileSync(`${path}.real`, '')
        symlinkSync(`${path}.real`, path)
      },
      'persistence.failed good ELOOP',
      'persistence.damaged good',
    ],
    ['a symlink to nothing', (path) => symlinkSync(`${path}.nothing`, path), 'persistence.failed good ELOOP', ''],
    [
      'a folder',
      (path) => mkdirSync(path),
      'persistence.failed good EISDIR',
      'persistence.failed good ERR_INVALID_ARG_VALUE',
    ],
    [
      'a pipe',
      (path) => execFileSync('mkfifo', [path]),
      'persistence.failed good ERR_INVALID_ARG_VALUE',
      'persistence.failed good ERR_INVALID_ARG_VALUE',
    ],
    [
      'the service’s own config',
      (path) => writeFileSync(path, '{"log":{"level":"info"}}'),
      'persistence.foreign good',
      'persistence.damaged good',
    ],
    [
      'a text that begins almost like an entry',
      (path) => writeFileSync(path, 'changeovers: 3'),
      'persistence.foreign good',
      'persistence.damaged good',
    ],
  ])('never replace %s', async (_title, put, word, loadWord) => {
    const inside = newFolder()
    const path = join(inside, 'good')
    put(path)
    const before = lstatSync(path)
    const { persistence, failures } = persistenceOn(path)
    expect((await persistence.load()).goods).toEqual([])
    expect(failures.splice(0)).toEqual(loadWord === '' ? [] : [loadWord])
    expect(await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])).toBe(false)
    expect(failures).toEqual([word])
    const { ino, mode, size, mtimeMs } = lstatSync(path)
    expect({ ino, mode, size, mtimeMs }).toEqual({
      ino: before.ino,
      mode: before.mode,
      size: before.size,
      mtimeMs: before.mtimeMs,
    })
    expect(readdirSync(inside).filter((name) => name.endsWith('.tmp'))).toEqual([])
    // The other two entries hold the newest goods soon after.
    const newest = async (): Promise<unknown> => (await persistenceOn(path).persistence.load()).goods
    await expect.poll(newest, { timeout: 50_000 }).toEqual([goodOf(3), goodOf(2)])
    expect(persistence.status().lastError).toMatchObject({ detail: 'good' })
    persistence.close()
  })

  it.each<[string, string | Buffer]>([
    ['empty', ''],
    ['cut short within its first word', 'change'],
    ['cut short', 'changeover/1 good 0123'],
    ['full of zeros', Buffer.alloc(5000)],
    ['of the next version', 'changeover/2 else'],
  ])('that are %s are replaced', async (_title, content) => {
    const path = await usedPath()
    writeFileSync(path, content)
    const { persistence, failures } = persistenceOn(path)
    expect((await persistence.load()).goods).toEqual([goodOf(2), goodOf(1)])
    expect(failures).toHaveLength(1)
    expect(await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])).toBe(true)
    expect((await persistenceOn(path).persistence.load()).goods).toEqual([goodOf(3), goodOf(2), goodOf(1)])
  })

  it('are read through symlinks, as in mounted volumes', async () => {
    const path = await usedPath()
    const inside = newFolder()
    for (const end of ['', '.1', '.2', '.journal']) symlinkSync(`${path}${end}`, join(inside, `mounted${end}`))
    const { persistence, failures } = persistenceOn(join(inside, 'mounted'))
    expect(await persistence.load()).toEqual({ goods: [goodOf(3), goodOf(2), goodOf(1)], journal: journalOf(1) })
    expect(failures).toEqual([])
  })

  it('may lie in a folder that is a symlink', async () => {
    const inside = newFolder()
    const link = join(newFolder(), 'link')
    symlinkSync(inside, link)
    await usedPath(link)
    expect(readdirSync(inside).sort()).toEqual(['good', 'good.1', 'good.2', 'good.journal'])
  })

  it('that are far too large are refused without being read', async () => {
    const path = await usedPath()
    truncateSync(path, 2 ** 40) // a sparse file: it takes no room on the disk, and fits into no memory
    const { persistence, failures } = persistenceOn(path)
    expect((await persistence.load()).goods).toEqual([goodOf(2), goodOf(1)])
    expect(failures).toEqual(['persistence.damaged good'])
    const { around, names } = counting()
    await expect(fileStore(path, stepped(systemFiles, around)).load('good')).rejects.toThrow()
    expect(names.slice(-3)).toEqual(['open', 'size', 'close'])
  })

  it('that are not UTF-8 are damaged', async () => {
    const path = await usedPath()
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from([0xff])]))
    const { persistence, failures } = persistenceOn(path)
    expect((await persistence.load()).goods).toEqual([goodOf(2), goodOf(1)])
    expect(failures).toEqual(['persistence.damaged good'])
  })

  it('are whole whoever wins if several reloaders share a path', async () => {
    const path = join(newFolder(), 'good')
    const writers = [persistenceOn(path), persistenceOn(path), persistenceOn(path)]
    const reader = persistenceOn(path)
    for (let n = 1; n <= 30; n++) {
      const saves = writers.flatMap(({ persistence }, index) => [
        persistence.saveGoods([goodOf(n * 3 + index, 'x'.repeat(index * 50_000))]),
        persistence.saveJournal(journalOf(n * 3 + index)),
      ])
      const { goods, journal } = await reader.persistence.load()
      if (n > 1) expect([goods.length > 0, journal?.digestKey]).toEqual([true, journalOf(1).digestKey])
      await Promise.all(saves)
    }
    for (const { failures } of [...writers, reader]) expect(failures).toEqual([])
    for (const { persistence } of [...writers, reader]) persistence.close()
    expect(readdirSync(join(path, '..')).sort()).toEqual(['good', 'good.1', 'good.2', 'good.journal', 'good.owner-1'])
  })

  it('are all closed again, whether a call succeeds or fails', async () => {
    const descriptors = (): number => readdirSync('/dev/fd').length
    const path = await usedPath()
    const before = descriptors()
    const inside = join(path, '..')
    for (let n = 4; n < 40; n++) {
      if (n % 3 === 0) writeFileSync(`${path}.1`, 'a file of the user')
      else writeFileSync(`${path}.1`, '')
      const { persistence } = persistenceOn(path)
      await persistence.load()
      await persistence.saveGoods([goodOf(n), goodOf(n - 1), goodOf(n - 2)])
      persistence.close()
    }
    expect(descriptors()).toBe(before)
    expect(readdirSync(inside).sort()).toEqual(['good', 'good.1', 'good.2', 'good.journal', 'good.owner-36'])
  })
})

describe('a folder', () => {
  it('that is missing is reported, and used once it exists', async () => {
    const inside = join(newFolder(), 'later')
    const { persistence, failures } = persistenceOn(join(inside, 'good'))
    expect(await persistence.load()).toEqual({ goods: [], journal: undefined })
    expect(failures).toEqual([])
    expect(await persistence.saveGoods([goodOf(1)])).toBe(false)
    expect(failures[0]).toBe('persistence.failed good ENOENT')
    expect(persistence.status().lastError).toMatchObject({ code: 'persistence.failed', phase: 'persist' })
    mkdirSync(inside)
    await expect.poll(() => persistence.status().lastError, { timeout: 50_000 }).toBeUndefined()
    expect((await persistence.load()).goods).toEqual([goodOf(1)])
    persistence.close()
  })

  it('that is a file is reported', async () => {
    const inside = join(newFolder(), 'file')
    writeFileSync(inside, '')
    const { persistence, failures } = persistenceOn(join(inside, 'good'))
    await persistence.load()
    expect(failures.splice(0).sort()).toEqual(
      ['good', 'good.1', 'good.2', 'journal'].map((name) => `persistence.failed ${name} ENOTDIR`),
    )
    expect(await persistence.saveJournal(journalOf(1))).toBe(false)
    expect(failures).toEqual(['persistence.failed journal ENOTDIR'])
    persistence.close()
  })
})

describe('an unprivileged process', () => {
  /** The same, owned by the user "nobody". */
  const given = async (): Promise<string> => {
    const path = await usedPath()
    if (isRoot) for (const name of ['', '.1', '.2', '.journal']) chownSync(`${path}${name}`, NOBODY, NOBODY)
    if (isRoot) chownSync(join(path, '..'), NOBODY, NOBODY)
    return path
  }
  const save = async (path: string): Promise<unknown[]> =>
    answersOf(await runChild(process.execPath, [child(), 'save', path, String(NOBODY)]))

  it('saves in a folder that it may write to', async () => {
    const path = await given()
    expect(await save(path)).toEqual([
      { goods: [3, 2, 1], journal: 'digest-1', failures: [], lastError: null },
      { saved: [true, true], failures: [], lastError: null },
    ])
  })

  it('loses nothing in a folder that is read-only, and says so', async () => {
    const path = await given()
    const inside = join(path, '..')
    const before = contents(inside)
    chmodSync(inside, 0o555)
    const [loaded, saved] = await save(path)
    chmodSync(inside, 0o755)
    expect(loaded).toEqual({ goods: [3, 2, 1], journal: 'digest-1', failures: [], lastError: null })
    expect(saved).toEqual({
      saved: [false, false],
      failures: ['good.2', 'journal'].map((name) => `persistence.failed ${name} EACCES`),
      lastError: 'persistence.failed',
    })
    expect(contents(inside)).toEqual(before)
  })

  it('uses the other files if it may not read one, and leaves that one as it is', async () => {
    const path = await given()
    const before = readFileSync(path, 'latin1')
    chmodSync(path, 0o000)
    const [loaded, saved] = await save(path)
    chmodSync(path, 0o600)
    expect(loaded).toEqual({
      goods: [2, 1],
      journal: 'digest-1',
      failures: ['persistence.failed good EACCES'],
      lastError: 'persistence.failed',
    })
    expect(saved).toMatchObject({ saved: [false, true], failures: ['persistence.failed good EACCES'] })
    expect(readFileSync(path, 'latin1')).toBe(before)
  })

  it('finds nothing in a folder that it may not enter, and says so', async () => {
    const path = await given()
    const inside = join(path, '..')
    chmodSync(inside, 0o000)
    const [loaded, saved] = await save(path)
    chmodSync(inside, 0o755)
    const all = ['good', 'good.1', 'good.2', 'journal'].map((name) => `persistence.failed ${name} EACCES`)
    expect(loaded).toMatchObject({ goods: [], journal: null })
    expect((loaded as { failures: string[] }).failures.sort()).toEqual(all)
    expect(saved).toMatchObject({ saved: [false, false] })
  })
})

describe('a disk that is full', () => {
  const mount = (inside: string): void => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96k', 'tmpfs', inside], { stdio: 'ignore' })
  }
  const unmount = (inside: string): void => void execFileSync('umount', [inside])

  /** True if this process may mount a tiny file system of its own. */
  const mayMount = (): boolean => {
    const inside = newFolder()
    try {
      mount(inside)
    } catch {
      return false
    }
    unmount(inside)
    return true
  }

  const limited = (path: string): readonly [string, string[]] => [
    'bash',
    ['-c', 'ulimit -S -f 16; exec "$0" "$@"', process.execPath, child(), 'full', path],
  ]
  const raiseLimit = (pid: number): void => void execFileSync('prlimit', ['--pid', String(pid), '--fsize=unlimited'])
  const ways = [['files are limited (ulimit -f)', 'EFBIG'], ...(mayMount() ? [['a tmpfs has no room', 'ENOSPC']] : [])]
  console.log(`full disks: ${ways.map(([title]) => title).join(', ')}`)

  it.each(ways)('loses nothing, and heals once there is room again: %s', async (_title, code) => {
    const isLimited = code === 'EFBIG'
    const inside = newFolder()
    if (!isLimited) mount(inside)
    try {
      const path = await usedPath(inside)
      const [command, args] = isLimited ? limited(path) : [process.execPath, [child(), 'full', path]]
      let kept: Record<string, string> | undefined
      const ended = await runChild(command, args, (output, pid) => {
        if (kept !== undefined || !output.includes('"saved"')) return false
        // The newest cannot be stored; what was there can still be read.
        kept = contents(inside)
        if (isLimited) raiseLimit(pid)
        return true
      })
      const [loaded, filled, saved, healed] = answersOf(ended)
      expect(loaded).toMatchObject({ goods: [3, 2, 1], journal: 'digest-1', failures: [] })
      expect(filled).toMatchObject({ filler: code })
      expect(saved).toMatchObject({ saved: [false], lastError: 'persistence.failed' })
      expect((saved as { failures: string[] }).failures).toEqual([`persistence.failed good.2 ${code}`])
      expect(kept?.good).toContain('"sequence":3')
      expect(healed).toMatchObject({ goods: [4, 3, 2], journal: 'digest-1', lastError: null })
      expect(readdirSync(inside).filter((name) => name.endsWith('.tmp'))).toEqual([])
    } finally {
      if (!isLimited) unmount(inside)
    }
  })
})
