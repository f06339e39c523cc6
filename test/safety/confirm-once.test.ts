import { expect, test } from 'vitest'
import { codeOf, unconfirmed, WITHIN_MS } from './confirm-scene.ts'
import { documentOf, SOAK_MS } from './world.ts'

const rivals = ['confirm', 'deadline', 'close', 'check', 'freeze', 'good', 'kill'] as const
type Rival = (typeof rivals)[number]

/** Turns of the microtask queue between the two; with a confirmation more of them, since they are what it races. */
const gapsOf = (one: Rival, two: Rival): number[] =>
  one === 'confirm' || two === 'confirm' ? [0, 1, 2, 3, 4, 6, 9, 14, 22] : [0, 3]

const pairs = rivals.flatMap((one) => rivals.flatMap((two) => (one === two ? [] : [[one, two] as const])))

/** Lets both happen in one moment of the clock, and sees to it that 2 is good everywhere, or nowhere. */
const race = async (one: Rival, two: Rival, gap: number): Promise<void> => {
  const isLate = one === 'deadline' || two === 'deadline'
  const { world, process, id } = await unconfirmed(isLate ? WITHIN_MS - 1 : SOAK_MS)
  let answer: string | undefined
  let wasKilled = false
  const moves: Record<Rival, () => unknown> = {
    confirm: () =>
      codeOf(process.reloader.confirm(id)).then((outcome) => {
        if (!wasKilled) answer = outcome
      }),
    deadline: () => process.advance(1),
    close: () => process.reloader.close(),
    check: () => {
      process.modules.a.always('check', 'reject')
      return isLate ? undefined : process.advance(6_000)
    },
    freeze: () => process.reloader.freeze('').catch(() => {}),
    good: () => world.source.put(documentOf(1)),
    kill: () => {
      wasKilled = true
      process.kill()
    },
  }
  void moves[one]()
  for (let turn = 0; turn < gap; turn++) await Promise.resolve()
  void moves[two]()
  await process.advance(7_000)

  const isPromoted = world.kept.goods[0]?.revision.name === '2'
  const isRefused = world.kept.journal?.quarantine.some(({ code }) => code === 'confirm.expired') ?? false
  expect(isPromoted && isRefused).toBe(false)
  if (answer !== undefined) expect(answer === 'committed').toBe(isPromoted)
  const isAtRest = /^(committed|rejected|rolled-back)$/.test(process.state)
  if (isAtRest && !wasKilled && !isPromoted) expect(process.served).toBe(1)
  process.modules.a.heal()
  if (!wasKilled) await process.close()
  const next = await world.up({}, 1_000)
  // Killed or closed before the word: it is held. The last known good may have been applied anew since.
  const names = next.reloader.status().goodHistory.map(({ revision }) => revision.name)
  expect(names.includes('2')).toBe(isPromoted)
  if (isPromoted) expect(next.reloader.status().quarantine.filter(({ revision }) => revision === '2')).toEqual([])
  else expect(next.served).toBe(1)
}

test.each(pairs)(
  'Never both: %s and then %s in one moment leave one answer, now and after a restart',
  async (one, two) => {
    for (const gap of gapsOf(one, two)) await race(one, two, gap)
  },
)
