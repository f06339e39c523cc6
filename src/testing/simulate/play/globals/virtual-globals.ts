import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import type { Clock } from '../../../../api/clock.ts'
import { dateOn, promisesOn, timeoutSignalOn, timersOn } from './virtual-timers.ts'

/**
 * Moves the global timers, `Date`, `performance.now`, `AbortSignal.timeout`, `node:timers` and `node:timers/promises` to a
 * clock, for appliers that use them. Only one simulation at a time may do so. References that were taken before, such as
 * `const { now } = Date`, and code with its own timers, such as native addons, stay in real time.
 * @returns the function that restores everything
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
  const before = patches.flatMap(([target, replacements]) =>
    Object.keys(replacements).map((name) => [target, name, Object.getOwnPropertyDescriptor(target, name)] as const),
  )
  for (const [target, replacements] of patches) {
    for (const [name, value] of Object.entries(replacements)) {
      const enumerable = Object.getOwnPropertyDescriptor(target, name)?.enumerable ?? true
      Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable })
    }
  }
  syncBuiltinESMExports()
  return () => {
    for (const [target, name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(target, name)
      else Object.defineProperty(target, name, descriptor)
    }
    syncBuiltinESMExports()
  }
}

/** Makes the methods of `scheduler` of node:timers/promises. */
const schedulerOn = (promises: ReturnType<typeof promisesOn>) => ({
  wait: (ms: number, options?: { readonly signal?: AbortSignal }) => promises.setTimeout(ms, undefined, options),
  yield: () => promises.setImmediate(),
})
