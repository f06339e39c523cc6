import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { inTurns, ownFolder, runChild } from '../../persistence/children.ts'
import { useBundle } from '../../support/bundled-program.ts'
import { type Kill, type KillScene, type Line, parseLine } from './kill-scene.ts'
import { killScenes } from './kill-scenes.ts'
import { copyOf, storedGoods, storedFiles, makeGood, restart, rewriteNewest } from './restart.ts'

const isLong = process.env.CHANGEOVER_LONG === '1'

vi.setConfig({ testTimeout: isLong ? 3_600_000 : 400_000, hookTimeout: 400_000 })

const ROUNDS = isLong ? 3 : 1
const BATCH = 24
const { folder, make, remove } = ownFolder()
const child = useBundle(new URL('./kill-child.ts', import.meta.url))
let services = 0
let processes = 0

afterAll(() => {
  remove()
  console.log(`${services} services were killed in ${processes} processes, and all started again`)
})

type Task = Pick<Kill, 'label' | 'when'>
type Restarted = Pick<ReturnType<typeof restart>, 'codes' | 'reloader'>

/** Returns the possible results of the lines that a process has printed. */
const turnOf = <T>(turns: readonly (readonly [string, ...T[]])[], labels: readonly string[]): readonly T[] => {
  const reached = turns.filter(([line]) => labels.some((label) => label.startsWith(line)))
  const [, ...oneOf] = reached.at(-1) ?? ['']
  return oneOf
}

/** Returns the first of the steps that does not come in order. */
const missingOf = (labels: readonly string[], order: readonly string[]): string | undefined => {
  let from = 0
  return order.find((step) => {
    const at = labels.findIndex((label, index) => index >= from && label.startsWith(step))
    from = at + 1
    return at === -1
  })
}

/** Lists where the services of a scene are killed: many in one process, or alone in steps that cannot wait. */
const tasksOf = (name: string, scene: KillScene, lines: readonly Line[]) => {
  const from = lines.findIndex(({ label }) => label.startsWith(scene.from))
  // The number of rounds in a soak varies.
  const own = lines.slice(from).filter(({ label }) => !/^check .* #([2-9]|\d\d)$/.test(label))
  const labelsOf = (kind: Line['kind'], pattern: RegExp): string[] =>
    own.flatMap((line) => (line.kind === kind && pattern.test(line.label) ? line.label : []))
  // States and records come between two steps, each of which is one to be killed in.
  const synchronous = labelsOf('sync', isLong ? /./ : /^(commit|roll back) /)
  const isWriter = isLong || name === 'takes a change'
  const writes = isWriter ? labelsOf('wait', /^(create|write on|sync|rename|unlink) /) : []
  return {
    together: labelsOf('wait', /./).map((label): Task => ({ label, when: 'before' })),
    alone: [
      ...synchronous.map((label): Task => ({ label, when: 'before' })),
      ...writes.map((label): Task => ({ label, when: 'during' })),
    ],
  }
}

const batchesOf = <T>(tasks: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(tasks.length / BATCH) }, (_, n) => tasks.slice(n * BATCH, (n + 1) * BATCH))

describe.each(Object.entries(killScenes))('a service that %s', (name, scene) => {
  const template = make(name)
  let number = 0

  beforeAll(async () => {
    await makeGood(template, scene.goodValues)
    if (scene.isNewestRefused === true) await rewriteNewest(template, '{"value":"three"}')
  })

  /** Plays the scene once for each task, in one process; returns the lines of each. */
  const play = async (tasks: readonly Task[]) => {
    const kills = tasks.map(
      (task): Kill => ({ ...task, folder: copyOf(template, join(folder, `${name} ${++number}`), scene.document) }),
    )
    const ended = await runChild(process.execPath, [child(), name, JSON.stringify(kills)])
    const lines = ended.lines.map(parseLine)
    return { ended, plays: kills.map((kill, at) => ({ ...kill, lines: lines.filter(({ index }) => index === at) })) }
  }

  const expectStatus = ({ codes, reloader }: Restarted, labels: readonly string[], title: string): void => {
    if (scene.countsAttempt !== undefined) {
      expect(turnOf(scene.countsAttempt, labels), title).toContain(codes.includes('attempt.died'))
    }
    if (scene.isFrozen !== undefined) {
      expect(turnOf(scene.isFrozen, labels), title).toContain(reloader.status().frozen !== undefined)
    }
    expect(
      codes.filter((code) => code.startsWith('persistence.')),
      title,
    ).toEqual([])
  }

  /** Starts again without the source, and checks what serves. */
  const checkAlone = async (path: string, mayServe: readonly unknown[], title: string) => {
    const service = restart(path, 'the disk alone', scene.withinMs)
    await service.untilServing()
    const served = service.served()
    expect(mayServe, title).toContain(served)
    if (served !== undefined) expect(service.reloader.status().stale, title).toBeDefined()
    return { ...service, served }
  }

  /** Starts again twice: without the source and then with it, or in the other order. */
  const checkRestarts = async (path: string, labels: readonly string[], title: string, isAlone: boolean) => {
    // What was good is still stored, whatever was being written over it.
    const kept = storedGoods(path).map(({ text }) => JSON.parse(text).value)
    if (scene.storedValues !== undefined) expect(kept, title).toEqual(expect.arrayContaining([...scene.storedValues]))
    const mayServe = turnOf(scene.servesAlone, labels)
    const end = turnOf(scene.servesFinally, labels)
    if (isAlone) {
      const alone = await checkAlone(path, mayServe, title)
      expectStatus(alone, labels, title)
      await alone.reloader.close()
    }
    const service = restart(path, 'its source', scene.withinMs)
    await service.untilServing()
    expect([...mayServe, ...end], title).toContain(service.served())
    if (!isAlone) expectStatus(service, labels, title)
    await service.untilAtRest()
    const served = service.served()
    expect(end, title).toContain(served)
    const { lastKnownGood, serving } = service.reloader.status()
    expect(lastKnownGood?.revision, title).toEqual(serving?.revision)
    await service.reloader.close()
    // Every file is there with its mode, and no other file is left.
    const files = storedFiles(path)
    expect(
      Object.keys(files).filter((file) => !/^good(\.1|\.2|\.journal|\.owner-\d+)?$/.test(file)),
      title,
    ).toEqual([])
    expect(new Set(Object.values(files)), title).toEqual(new Set(['600']))
    if (isAlone) return
    const last = await checkAlone(path, [served], title)
    await last.reloader.close()
  }

  const killAndCheck = async (tasks: readonly Task[]): Promise<void> => {
    const { ended, plays } = await play(tasks)
    expect([ended.signal, ended.complaints]).toEqual(['SIGKILL', ''])
    processes += 1
    for (const [at, { folder: path, lines, label, when }] of plays.entries()) {
      const labels = lines.map((line) => line.label)
      const title = `${when} ${label}, after ${labels.slice(-5).join(', ')}`
      expect(labels, title).toContain(label)
      services += 1
      await checkRestarts(path, labels, title, at % 2 === 0)
    }
  }

  it('starts again with the old or the new confirmed document, at whatever step it is killed', async () => {
    const whole = await play([{ label: 'none', when: 'before' }])
    expect(whole.ended).toMatchObject({ code: 0, complaints: '' })
    const [{ lines } = { lines: [] }] = whole.plays
    const labels = lines.map(({ label }) => label)
    expect(missingOf(labels, scene.steps), labels.join('\n')).toBeUndefined()
    const { together, alone } = tasksOf(name, scene, lines)
    const batches = [...batchesOf(together), ...alone.map((task) => [task])]
    await inTurns(Array.from({ length: ROUNDS }, () => batches).flat(), killAndCheck)
  })
})
