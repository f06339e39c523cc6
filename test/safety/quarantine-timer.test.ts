import { createVirtualClock } from 'changeover/testing'
import { expect, test } from 'vitest'
import type { Clock } from '../../src/index.ts'
import { failure } from '../../src/model/failure.ts'
import { Quarantine } from '../../src/safety/quarantine.ts'

const DAY_MS = 86_400_000

const culprit = { digest: 'one', revision: '1' }
const verdict = { failure: failure('module.prepare-failed'), isLasting: false, wasExposed: true }

/** A quarantine of one config, and how often it has said that the config's time is over. */
const createQuarantine = (lengthMs: number, change: (clock: Clock) => Partial<Clock> = () => ({})) => {
  const virtual = createVirtualClock()
  const clock = { ...virtual, ...change(virtual) }
  let expired = 0
  const quarantine = new Quarantine(
    { minMs: lengthMs, maxMs: lengthMs, crashMs: lengthMs },
    { clock, random: () => 0.999_999, build: '' },
    () => {
      expired += 1
    },
  )
  quarantine.add(culprit, verdict)
  quarantine.expect(culprit.digest)
  return { virtual, quarantine, expired: () => expired }
}

test('A config is tried again at its end and not before, although each timer fires a moment early', async () => {
  const { virtual, expired } = createQuarantine(8_000, ({ setTimeout }) => ({
    setTimeout: (callback, ms) => setTimeout(callback, Math.max(1, ms - 3)),
  }))
  await virtual.advance(7_999)
  expect(expired()).toBe(0)
  await virtual.advance(3)
  expect(expired()).toBe(1)
  await virtual.advance(60_000)
  expect([expired(), virtual.pending()]).toEqual([1, 0])
})

test('A config whose end is days away is tried again at its end, and once', async () => {
  const { virtual, expired } = createQuarantine(3 * DAY_MS)
  for (let day = 0; day < 2; day++) {
    await virtual.advance(DAY_MS)
    expect([expired(), virtual.pending()]).toEqual([0, 1])
  }
  await virtual.advance(DAY_MS)
  expect(expired()).toBe(1)
  await virtual.advance(DAY_MS)
  expect([expired(), virtual.pending()]).toEqual([1, 0])
})

test('A config that nothing holds back any more is tried at once', async () => {
  const { virtual, quarantine, expired } = createQuarantine(8_000)
  quarantine.clear(culprit.digest)
  quarantine.expect(culprit.digest)
  await virtual.advance(1)
  expect(expired()).toBe(1)
})
