import { expect, test } from 'vitest'
import { documentOf, resultOf, SOAK_MS, unconfirmedDeployment, WITHIN_MS } from './deployment.ts'

const rivals = ['confirm', 'deadline', 'close', 'check', 'freeze', 'good', 'kill'] as const
type Rival = (typeof rivals)[number]

/** Microtask turns between the two events; a confirmation gets more, because it is the one that races. */
const gapsOf = (one: Rival, two: Rival): number[] =>
  one === 'confirm' || two === 'confirm' ? [0, 1, 2, 3, 4, 6, 9, 14, 22] : [0, 3]

const pairs = rivals.flatMap((one) => rivals.flatMap((two) => (one === two ? [] : [[one, two] as const])))

/** Lets both events happen at the same time of the clock, and checks that 2 is good everywhere or nowhere. */
const race = async (one: Rival, two: Rival, gap: number): Promise<void> => {
  const isLate = one === 'deadline' || two === 'deadline'
  const { deployment, process, id } = await unconfirmedDeployment(isLate ? WITHIN_MS - 1 : SOAK_MS)
  let answer: string | undefined
  let wasKilled = false
  const moves: Record<Rival, () => unknown> = {
    confirm: () =>
      resultOf(process.reloader.confirm(id)).then((outcome) => {
        if (!wasKilled) answer = outcome
      }),
    deadline: () => process.advance(1),
    close: () => process.reloader.close(),
    check: () => {
      process.modules.a.always('check', 'reject')
      return isLate ? undefined : process.advance(6_000)
    },
    freeze: () => process.reloader.freeze('').catch(() => {}),
    good: () => deployment.source.put(documentOf(1)),
    kill: () => {
      wasKilled = true
      process.kill()
    },
  }
  void moves[one]()
  for (let turn = 0; turn < gap; turn++) await Promise.resolve()
  void moves[two]()
  await process.advance(7_000)

  const isPromoted = deployment.store.goodHistory[0]?.revision.name === '2'
  const isRefused = deployment.store.journal?.quarantine.some(({ code }) => code === 'confirm.expired') ?? false
  expect(isPromoted && isRefused).toBe(false)
  if (answer !== undefined) expect(answer === 'committed').toBe(isPromoted)
  const isAtRest = /^(committed|rejected|rolled-back)$/.test(process.state)
  if (isAtRest && !wasKilled && !isPromoted) expect(process.served).toBe(1)
  process.modules.a.heal()
  if (!wasKilled) await process.close()
  const next = await deployment.up({}, 1_000)
  // A kill or a close before the confirmation quarantines it; the last known good may have been applied again since.
  const names = next.reloader.status().goodHistory.map(({ revision }) => revision.name)
  expect(names.includes('2')).toBe(isPromoted)
  if (isPromoted) expect(next.reloader.status().quarantine.filter(({ revision }) => revision === '2')).toEqual([])
  else expect(next.served).toBe(1)
}

test.each(pairs)('The events %s and %s at the same time have one result, now and after a restart', async (one, two) => {
  for (const gap of gapsOf(one, two)) await race(one, two, gap)
})
