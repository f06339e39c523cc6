import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../../src/api/clock.ts'
import { fileStore } from '../../src/persistence/file-store.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import { useBundle } from '../support/bundled-program.ts'
import { inTurns, ownFolder, runChild } from './children.ts'
import { journalAfter, journalBefore, scenes } from './kill-scenes.ts'
import { wordsOf } from './scene.ts'

vi.setConfig({ testTimeout: 600_000 })

const isLong = process.env.CHANGEOVER_LONG === '1'
const { make, remove } = ownFolder()
const child = useBundle(new URL('./kill-child.ts', import.meta.url))
let kills = 0

afterAll(() => {
  remove()
  console.log(`${kills} processes killed while they saved`)
})

/** What a process would find that starts on this path now. */
const boot = async (path: string) => {
  const failures: string[] = []
  const report = (failed: Parameters<typeof wordsOf>[0][number]): void => void failures.push(...wordsOf([failed]))
  const persistence = new Persistence(fileStore(path), { clock: systemClock, deadlineMs: 60_000, report })
  return { persistence, failures, ...(await persistence.load()) }
}

describe.each(Object.entries(scenes))('a process that is killed while it saves %s', (name, { before, goods }) => {
  const isFirst = before.length === 0

  const template = make(name)

  beforeAll(async () => {
    if (isFirst) return
    const { persistence } = await boot(join(template, 'good'))
    expect([await persistence.saveGoods(before), await persistence.saveJournal(journalBefore)]).toEqual([true, true])
    persistence.close()
    await persistence.others.release()
  })

  /** A folder of its own that holds the state of before. */
  const prepare = (label: string): string => {
    const made = make(`${name}, ${label}`)
    cpSync(template, made, { recursive: true })
    return join(made, 'good')
  }

  const checkState = async (path: string, label: string): Promise<void> => {
    const found = await boot(path)
    const newest = found.goods[0]
    // The old or the new, whole and without a failure; never nothing if there was one.
    expect(found.failures, label).toEqual([])
    expect([before[0], goods[0]], label).toContainEqual(newest)
    expect([isFirst ? undefined : journalBefore, journalAfter], label).toContainEqual(found.journal)
    // The goods are saved before the journal.
    if (found.journal?.attempts[0]?.digest === journalAfter.attempts[0]?.digest) expect(newest, label).toEqual(goods[0])
    const known = [...before, ...goods]
    for (const good of found.goods) expect(known, label).toContainEqual(good)
    if (!isFirst) expect(found.goods, label).toHaveLength(3)
    expect(
      readdirSync(join(path, '..')).filter((file) => file.endsWith('.tmp')),
      label,
    ).toEqual([])
    // The service goes on from there.
    expect(
      [await found.persistence.saveGoods(goods), await found.persistence.saveJournal(journalAfter)],
      label,
    ).toEqual([true, true])
    found.persistence.close()
    const after = await boot(path)
    expect(after.goods, label).toEqual(goods)
    expect(after.journal, label).toEqual(journalAfter)
    after.persistence.close()
  }

  it('starts again with the old or the new, at every step of every write', async () => {
    const whole = await runChild(process.execPath, [child(), prepare('whole'), name, '-1', 'before'])
    expect(whole).toMatchObject({ code: 0, complaints: '' })
    const steps = whole.lines
    // One rename for the new good, and one for the journal.
    expect(steps.filter((step) => step === 'rename')).toHaveLength(2)
    const tasks = steps.flatMap((step, at) => ['before', 'during'].map((when) => ({ step, at, when })))
    await inTurns(tasks, async ({ step, at, when }) => {
      const label = `${when} step ${at} ${step}`
      const path = prepare(label)
      const { signal, lines } = await runChild(process.execPath, [child(), path, name, String(at), when])
      expect(signal, label).toBe('SIGKILL')
      expect(lines, label).toEqual(steps.slice(0, at))
      kills += 1
      await checkState(path, label)
    })
  })

  it(`starts again with the old or the new, at ${isLong ? 400 : 4} random moments`, async () => {
    const moments = Array.from({ length: isLong ? 400 : 4 }, (_, n) => n)
    await inTurns(moments, async (n) => {
      const label = `moment ${n}`
      const path = prepare(label)
      const ms = String(Math.floor(Math.random() * 12))
      const { signal, code } = await runChild(process.execPath, [child(), path, name, ms, 'any time'])
      // It may have ended before the kill.
      expect([signal, code], label).toContain(signal === null ? 0 : 'SIGKILL')
      if (signal !== null) kills += 1
      await checkState(path, label)
    })
  })
})
