import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import type { Clock } from '../../../api/clock.ts'
import { dateOn, promisesOn, timeoutSignalOn, timersOn } from './virtual-timers.ts'

/** `scheduler` of node:timers/promises, which is one object for all. */
const schedulerOn = (promises: ReturnType<typeof promisesOn>) => ({
  wait: (ms: number, options?: { readonly signal?: AbortSignal }) => promises.setTimeout(ms, undefined, options),
  yield: () => promises.setImmediate(),
})

/**
 * Puts the global timers, `Date`, `performance.now`, `AbortSignal.timeout`, `node:timers` and `node:timers/promises` on a
 * clock, for appliers that use them. One simulation at a time may do so. What was kept before, as `const { now } = Date`, and
 * what has its own timers, as a native addon, stay in real time.
 *
 * @returns the function that puts everything back
 */
export const installVirtualGlobals = (clock: () => Clock): (() => void) => {
  const onClock = timersOn(clock, { clearTimeout: globalThis.clearTimeout })
  const promises = promisesOn(clock)
  const patches: [object, Record<string, unknown>][] = [
    [globalThis, { ...onClock, Date: dateOn(clock, Date) }],
    [timers, onClock],
    [timersPromises, promises],
    [timersPromises.scheduler, schedulerOn(promises)],
    [performance, { now: () => clock().monotonic() }],
    [AbortSignal, { timeout: timeoutSignalOn(clock) }],
  ]
  const before = patches.flatMap(([on, replaced]) =>
    Object.keys(replaced).map((name) => [on, name, Object.getOwnPropertyDescriptor(on, name)] as const),
  )
  for (const [on, replaced] of patches) {
    for (const [name, value] of Object.entries(replaced)) {
      const enumerable = Object.getOwnPropertyDescriptor(on, name)?.enumerable ?? true
      Object.defineProperty(on, name, { value, configurable: true, writable: true, enumerable })
    }
  }
  syncBuiltinESMExports()
  return () => {
    for (const [on, name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(on, name)
      else Object.defineProperty(on, name, descriptor)
    }
    syncBuiltinESMExports()
  }
}
