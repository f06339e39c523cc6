import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { inTurns, ownFolder, runChild } from '../keeper/children.ts'
import { compileService } from './compiled.ts'
import { type KillScene, killScenes } from './kill-scenes.ts'
import { copyOf, goodsIn, keptFiles, makeGood, restart, rewriteNewest } from './restarts.ts'

vi.setConfig({ testTimeout: 3_600_000, hookTimeout: 600_000 })

const isLong = process.env.CHANGEOVER_LONG === '1'
const { folder, make, remove } = ownFolder()
let child = ''
let kills = 0

beforeAll(async () => {
  child = await compileService(new URL('./kill-child.ts', import.meta.url), join(folder, 'compiled'))
})

afterAll(() => {
  remove()
  console.log(`${kills} services killed, and started again`)
})

interface Task {
  readonly label: string
  readonly when: 'before' | 'during'
}

/** Where the lines of one process tell what must be true of the next: the last turn that was reached. */
const turnOf = <T>(turns: readonly (readonly [string, ...T[]])[], lines: readonly string[]): readonly T[] => {
  const reached = turns.filter(([line]) => lines.some((each) => each.startsWith(line)))
  const [, ...oneOf] = reached.at(-1) ?? ['']
  return oneOf
}

/** True where `order` comes in this order among the lines. */
const comesInOrder = (lines: readonly string[], order: readonly string[]): string | undefined => {
  let from = 0
  return order.find((step) => {
    const at = lines.findIndex((line, index) => index >= from && line.startsWith(step))
    from = at + 1
    return at === -1
  })
}

const isWrite = (label: string): boolean => /^(create|write|write on|sync|sync folder|rename|unlink) /.test(label)

/** Where a process of this scene is killed. What is as in another scene is left to that one, but for the long run. */
const tasksOf = (scene: KillScene, lines: readonly string[]): Task[] => {
  const from = lines.findIndex((line) => line.startsWith(scene.from))
  const own = lines.slice(from).filter((line) => {
    // How many rounds a soak has is chance.
    if (/^check .* #([2-9]|\d\d)$/.test(line)) return false
    const isFine = scene.from === '' || isLong || !/^(inspect|open|read .|close (good|journal)|write |size)/.test(line)
    return isFine
  })
  return own.flatMap((label): Task[] => [
    { label, when: 'before' },
    ...(isWrite(label) ? [{ label, when: 'during' } as const] : []),
  ])
}

describe.each(Object.entries(killScenes))('a service that %s', (name, scene) => {
  const template = make(name)
  let number = 0
  const prepare = (): string => copyOf(template, join(folder, `${name} ${++number}`), scene.document)
  const play = (path: string, { label, when }: Task) => runChild(process.execPath, [child, path, name, label, when])

  beforeAll(async () => {
    await makeGood(template, scene.goods)
    if (scene.isNewestRefused === true) await rewriteNewest(template, '{"value":"three"}')
  })

  const newest = Math.max(0, ...scene.goods)

  /** Starts again, with the source or without, and looks at what serves. */
  const check = async (path: string, lines: readonly string[], label: string, isAlone: boolean): Promise<void> => {
    // What was good is there, whatever was being written over it.
    const kept = goodsIn(path).map(({ text }) => JSON.parse(text).value)
    if (newest > 1 && scene.isNewestRefused !== true)
      expect(kept, label).toEqual(expect.arrayContaining([newest, newest - 1]))
    const mayServe = turnOf(scene.serves, lines)
    if (isAlone) {
      const service = restart(path, 'the disk alone', scene.withinMs)
      await service.settled()
      expect(mayServe, label).toContain(service.served())
      if (service.served() !== undefined) expect(service.reloader.status().stale, label).toBeDefined()
      expectCodes(service, lines, label)
      await service.reloader.close()
    }
    const service = restart(path, 'its source', scene.withinMs)
    await service.settled()
    const served = service.served()
    const end = turnOf(scene.ends, lines)
    expect([...mayServe, ...end], label).toContain(served)
    if (!isAlone) expectCodes(service, lines, label)
    await service.atRest()
    expect(end, label).toContain(service.served())
    const isHeld = service.reloader.status().state === 'rejected'
    expect(service.reloader.status().lastGood?.revision, label).toEqual(service.reloader.status().serving?.revision)
    if (!isHeld) expect(service.reloader.status().inSync || 'fails' in scene.document, label).toBe(true)
    await service.reloader.close()
    // All is kept as it should be, and nothing else is left.
    const files = keptFiles(path)
    expect(
      Object.keys(files).filter((file) => !/^good(\.1|\.2|\.journal)?$/.test(file)),
      label,
    ).toEqual([])
    expect(new Set(Object.values(files)), label).toEqual(new Set(['600']))
    const last = restart(path, 'the disk alone', scene.withinMs)
    await last.settled()
    expect(last.served(), label).toBe(service.served())
    await last.reloader.close()
  }

  const expectCodes = (service: ReturnType<typeof restart>, lines: readonly string[], label: string): void => {
    if (scene.counts !== undefined)
      expect(turnOf(scene.counts, lines), label).toContain(service.codes.includes('attempt.died'))
    if (scene.freezes !== undefined) {
      expect(turnOf(scene.freezes, lines), label).toContain(service.reloader.status().frozen !== undefined)
    }
    expect(
      service.codes.filter((code) => code.startsWith('persistence.')),
      label,
    ).toEqual([])
  }

  it('starts again whole, with the confirmed of before or the new, at every step', async () => {
    const whole = await play(prepare(), { label: 'none', when: 'before' })
    expect(whole).toMatchObject({ code: 0, complaints: '' })
    expect(comesInOrder(whole.lines, scene.order), whole.lines.join('\n')).toBeUndefined()
    const tasks = tasksOf(scene, whole.lines).slice(0, Number(process.env.TRY ?? 1e6))
    console.log(name, tasks.length)
    let index = 0
    await inTurns(isLong ? Array.from({ length: 3 }, () => tasks).flat() : tasks, async (task) => {
      const label = `${task.when} ${task.label}`
      const isAlone = index++ % 2 === 0
      const path = prepare()
      const { signal, lines, complaints } = await play(path, task)
      expect([signal, complaints, lines.at(-1)], label).toEqual(['SIGKILL', '', task.label])
      kills += 1
      await check(path, lines, label, isAlone)
    })
  })
})
