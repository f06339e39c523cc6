import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createSchedule } from '../../src/appliers/schedule.ts'
import { systemClock } from '../../src/api/clock.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const HOUR_MS = 3_600_000

/** Arms and stops timers with this many different delays, from `fromMs`. */
const armAndStop = (fromMs: number, delays: number): void => {
  for (let more = 0; more < delays; more++) {
    const schedule = createSchedule({
      clock: systemClock,
      intervalMs: fromMs + more,
      unref: true,
      tick: async () => {},
    })
    schedule.start(systemClock.monotonic())
    schedule.stop()
  }
}

test('a stopped timer leaves nothing behind, however many different delays there were', () => {
  armAndStop(HOUR_MS, 1_000) // warm-up
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  armAndStop(2 * HOUR_MS, 30_000)
  collectGarbage()
  // Node keeps about 170 bytes per delay if an unreferenced timer is cleared.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_500_000)
})
