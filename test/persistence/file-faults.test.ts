import { describe, expect, it } from 'vitest'
import { fileStore } from '../../src/persistence/file-store.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import type { Good } from '../../src/persistence/persisted-state.ts'
import { createVirtualClock } from '../../src/testing/fakes/virtual-clock.ts'
import { createDisk, type Disk } from './disk.ts'
import { goodOf, journalOf, wordsOf } from './scene.ts'
import { type Around, counting, stepped } from './steps.ts'

const PATH = '/data/good'

/** Fails one step, which has its effect all the same or has none. */
const failing = (at: number, hasEffect: boolean): Around => {
  let step = 0
  return async (_name, run) => {
    if (step++ !== at) return run()
    if (hasEffect) await run()
    throw Object.assign(new Error('scripted'), { code: 'EIO' })
  }
}

/** From one step on no step happens or settles any more, as in a dead process. `reached` resolves there. */
const dying = (at: number): { readonly around: Around; readonly reached: Promise<void> } => {
  let step = 0
  let reach = (): void => {}
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  const around: Around = (_name, run) => {
    if (step++ < at) return run()
    reach()
    return new Promise(() => {})
  }
  return { around, reached }
}

/** What a start would find on a disk. */
const read = async (disk: Disk) => {
  const failures: string[] = []
  const persistence = new Persistence(fileStore(PATH, disk.files), {
    clock: createVirtualClock(),
    deadlineMs: 1_000,
    report: (failed) => failures.push(...wordsOf([failed])),
  })
  const { goods, journal } = await persistence.load()
  persistence.close()
  return { newest: goods[0]?.sequence, goods: goods.map(({ sequence }) => sequence), journal, failures }
}

/** A disk on which three goods and a journal are stored. */
const usedDisk = async (): Promise<Disk> => {
  const disk = createDisk()
  const persistence = new Persistence(fileStore(PATH, disk.files), {
    clock: createVirtualClock(),
    deadlineMs: 1_000,
    report: () => {},
  })
  await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
  await persistence.saveJournal(journalOf(1))
  persistence.close()
  return disk
}

const stepsOfSave = async (make: () => Disk, name: 'good' | 'journal'): Promise<readonly string[]> => {
  const { around, names } = counting()
  await fileStore(PATH, stepped(make().files, around)).save(name, 'changeover/1 new')
  return names
}

const first = (): Disk => createDisk()
const again = (): Disk => {
  const disk = createDisk()
  disk.put(PATH, 'changeover/1 old')
  return disk
}

describe('the steps of a save', () => {
  it('are these, in this order', async () => {
    const writing = ['create', 'write', 'write on', 'sync', 'close', 'rename', 'sync folder']
    expect(await stepsOfSave(first, 'good')).toEqual(['inspect', ...writing])
    expect(await stepsOfSave(again, 'good')).toEqual(['inspect', 'open', 'read', 'close', ...writing])
  })
})

describe.each([
  ['the first save', first, undefined],
  ['a later save', again, 'changeover/1 old'],
])('%s of an entry', (_title, make, old) => {
  const next = 'changeover/1 new, and longer than the old one'

  it('leaves the old or the new text if any one step fails, and no temporary file', async () => {
    const steps = (await stepsOfSave(make, 'good')).length
    for (let at = 0; at < steps; at++) {
      for (const hasEffect of [false, true]) {
        const disk = make()
        const save = async () => fileStore(PATH, stepped(disk.files, failing(at, hasEffect))).save('good', next)
        await expect(save(), `step ${at}`).rejects.toMatchObject({ code: 'EIO' })
        expect([old, next], `step ${at}`).toContain(disk.text(PATH))
        // A rename that happens and reports a failure leaves nothing to remove.
        expect(
          disk.paths().filter((path) => path.endsWith('.tmp')),
          `step ${at}`,
        ).toEqual([])
      }
    }
  })

  it('leaves the old or the new text if the process dies before any step', async () => {
    const steps = (await stepsOfSave(make, 'good')).length
    for (let at = 0; at <= steps; at++) {
      const disk = make()
      const { around, reached } = dying(at)
      const saved = fileStore(PATH, stepped(disk.files, around)).save('good', next)
      await Promise.race([reached, saved])
      const found = await fileStore(PATH, disk.afterKill().files).load('good')
      expect(found, `step ${at}`).toBe(at < steps ? (at < steps - 1 ? old : next) : next)
    }
  })

  it('leaves the old or the new text, whole, if the power fails before any step', async () => {
    const steps = (await stepsOfSave(make, 'good')).length
    let worlds = 0
    for (let at = 0; at <= steps; at++) {
      const disk = make()
      const { around, reached } = dying(at)
      await Promise.race([reached, fileStore(PATH, stepped(disk.files, around)).save('good', next)])
      for (const world of disk.afterPowerLoss()) {
        worlds += 1
        const found = await fileStore(PATH, world.files).load('good')
        expect(at < steps ? [old, next] : [next], `step ${at} of ${steps}`).toContain(found)
      }
    }
    expect(worlds).toBeGreaterThan(steps)
  })
})

describe('saving goods and the journal', () => {
  const scenes: readonly (readonly [string, readonly Good[]])[] = [
    ['the next good', [goodOf(4), goodOf(3), goodOf(2)]],
    ['an old good that serves again', [{ ...goodOf(1), sequence: 4 }, goodOf(3), goodOf(2)]],
    ['two new goods, since the save of one had failed', [goodOf(5), goodOf(4), goodOf(3)]],
    ['three new goods', [goodOf(6), goodOf(5), goodOf(4)]],
  ]

  it.each(scenes)('loses nothing, wherever the process dies or the power fails: %s', async (_title, goods) => {
    const base = await usedDisk()
    const { around, names } = counting()
    const save = async (disk: Disk, around: Around): Promise<void> => {
      const files = stepped(disk.files, around)
      const persistence = new Persistence(fileStore(PATH, files), {
        clock: createVirtualClock(),
        deadlineMs: 1_000,
        report: () => {},
      })
      await persistence.load()
      await persistence.saveGoods(goods)
      await persistence.saveJournal(journalOf(2))
    }
    await save(base.afterKill(), around)
    const given = goods.map(({ sequence }) => sequence)
    let top = 3
    for (let at = 0; at <= names.length; at++) {
      const disk = base.afterKill()
      const { around, reached } = dying(at)
      await Promise.race([reached, save(disk, around)])
      const killed = await read(disk.afterKill())
      expect(killed.failures).toEqual([])
      // The further the saves had come, the newer the good that is found.
      expect(killed.newest, `step ${at}`).toBeGreaterThanOrEqual(top)
      top = killed.newest ?? 0
      for (const world of [killed, ...(await Promise.all(disk.afterPowerLoss().map(read)))]) {
        expect([3, ...given], `step ${at}`).toContain(world.newest)
        expect([journalOf(1), journalOf(2)], `step ${at}`).toContainEqual(world.journal)
      }
    }
    expect(top).toBe(goods[0]?.sequence)
  })

  it.each(scenes)('comes to the same end if any one step fails once: %s', async (_title, goods) => {
    const base = await usedDisk()
    const { around, names } = counting()
    const run = async (disk: Disk, around: Around) => {
      const clock = createVirtualClock()
      const reports: string[] = []
      const persistence = new Persistence(fileStore(PATH, stepped(disk.files, around)), {
        clock,
        deadlineMs: 1_000,
        report: (failed) => reports.push(...wordsOf([failed])),
      })
      await persistence.load()
      const loaded = reports.length
      const areKept = [await persistence.saveGoods(goods), await persistence.saveJournal(journalOf(2))]
      // What is found before the retry.
      const between = await read(disk.afterKill())
      await clock.advance(120_000)
      await persistence.flush()
      const { lastError } = persistence.status()
      persistence.close()
      expect(clock.pending()).toBe(0)
      return { areKept, reports, loaded, between, lastError }
    }
    await run(base.afterKill(), around)
    for (let at = 0; at < names.length; at++) {
      for (const hasEffect of [false, true]) {
        const disk = base.afterKill()
        const { areKept, reports, loaded, between, lastError } = await run(disk, failing(at, hasEffect))
        expect(between.failures, `step ${at}`).toEqual([])
        expect(between.newest, `step ${at}`).toBeGreaterThanOrEqual(3)
        // Every failure is reported, except for one of tidying up or of a claim; one in a load does not affect the saves.
        expect(reports, `step ${at}`).toHaveLength(/list|claim/.test(names[at] ?? '') ? 0 : 1)
        const hasFailed = reports.length > loaded
        expect(
          areKept.filter((isKept) => !isKept),
          `step ${at}`,
        ).toHaveLength(hasFailed ? 1 : 0)
        const after = await read(disk)
        expect(after.newest, `step ${at}`).toBe(goods[0]?.sequence)
        expect(after.goods.length, `step ${at}`).toBe(3)
        expect(after.journal, `step ${at}`).toEqual(journalOf(2))
        expect(lastError, `step ${at}`).toBeUndefined()
      }
    }
  })
})

/** The files of a disk, without the claim of a slot. */
const entriesOf = (disk: Disk): readonly string[] => disk.paths().filter((path) => !path.includes('.owner-'))

describe('temporary files', () => {
  const suffix = (pid: number): string => `${pid}-0123456789abcdef.tmp`
  // Higher than any process id.
  const dead = 4_194_305
  const names = ['good', 'good.1', 'good.2', 'good.journal']

  it('of dead processes are removed by the first load, and nothing else is', async () => {
    const disk = createDisk()
    const others = [
      'good.tmp',
      'good.4194305.tmp',
      `good.3.${suffix(dead)}`,
      `good2.${suffix(dead)}`,
      `other.${suffix(dead)}`,
      `good.x${suffix(dead)}`,
      `good.${suffix(dead)}.bak`,
      `good.${dead}-0123.tmp`,
      `good.${suffix(0)}`,
      `good.${suffix(1)}`,
      `good.${suffix(process.ppid)}`,
    ]
    for (const name of [...names.map((entry) => `${entry}.${suffix(dead)}`), ...others]) disk.put(`/data/${name}`, 'x')
    const store = fileStore(PATH, disk.files)
    expect(await store.load('journal')).toBeUndefined()
    expect(entriesOf(disk)).toEqual(others.map((name) => `/data/${name}`).sort())
    disk.put(`/data/good.${suffix(dead)}`, 'later')
    await store.load('good')
    expect(disk.text(`/data/good.${suffix(dead)}`)).toBe('later')
  })

  it('that an earlier process left under the same id are removed, as in a container', async () => {
    const disk = createDisk()
    disk.put(`/data/good.${suffix(process.pid)}`, 'x')
    await fileStore(PATH, disk.files).load('good')
    expect(entriesOf(disk)).toEqual([])
  })

  it('that this process is writing stay, even if another store loads meanwhile', async () => {
    const disk = createDisk()
    let go = (): void => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const around: Around = async (name, run) => {
      if (name === 'rename') await gate
      return run()
    }
    const saved = fileStore(PATH, stepped(disk.files, around)).save('good', 'changeover/1 new')
    await expect.poll(() => disk.paths().length).toBe(1)
    await fileStore(PATH, disk.files).load('good')
    go()
    await saved
    expect(entriesOf(disk)).toEqual([PATH])
  })

  it('have unique names, so that two stores on one path never write the same', async () => {
    const disk = createDisk()
    const saves = Array.from({ length: 20 }, (_, n) => fileStore(PATH, disk.files).save('good', `changeover/1 ${n}`))
    await Promise.all(saves)
    expect(disk.text(PATH)).toMatch(/^changeover\/1 \d+$/)
    expect(disk.paths()).toEqual([PATH])
  })
})
