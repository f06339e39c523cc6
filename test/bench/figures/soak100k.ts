import { getEventListeners } from 'node:events'
import { type Clock, systemClock } from 'changeover'
import { memorySource } from 'changeover/testing'
import type { Figure } from '../figure.ts'
import { collectGarbage } from '../pairs.ts'
import { account, documentOf, threeModules } from '../three-modules.ts'

/** The system's clock, counting the timers that are armed. */
const countingClock = () => {
  const armed = new Set<unknown>()
  const clock: Clock = {
    ...systemClock,
    setTimeout: (callback, ms) => {
      const handle = systemClock.setTimeout(() => {
        armed.delete(handle)
        callback()
      }, ms)
      armed.add(handle)
      return handle
    },
    clearTimeout: (handle) => {
      armed.delete(handle)
      systemClock.clearTimeout(handle)
    },
  }
  return { clock, armed: () => armed.size }
}

const residentMegabytes = async (): Promise<{ readonly rss: number; readonly heap: number }> => {
  for (let round = 0; round < 10; round++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const { rss, heapUsed } = process.memoryUsage()
  return { rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20 }
}

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(2)}`

export const figure: Figure = {
  title: '100,000 reloads of three modules, one after the other',
  floor: '',
  run: async (scale) => {
    const [reloads, warmup] = scale === 'full' ? [100_000, 20_000] : [1_000, 200]
    const { clock, armed } = countingClock()
    const source = memorySource(documentOf(0))
    const stop = new AbortController()
    const reloader = threeModules({ source, clock })
    reloader.subscribe(
      ({ at }) => at,
      () => undefined,
      { signal: stop.signal },
    )
    let version = 0
    const reload = async (times: number): Promise<void> => {
      for (let turn = 0; turn < times; turn++) {
        source.put(documentOf(++version))
        const { outcome } = await reloader.reload()
        if (outcome !== 'committed') throw new Error(`Reload ${version} was ${outcome}`)
      }
    }
    await reloader.start()
    await reload(warmup)
    const before = await residentMegabytes()
    const timersBefore = armed()
    const started = performance.now()
    await reload(reloads)
    const seconds = (performance.now() - started) / 1_000
    const after = await residentMegabytes()
    // Fewer is no leak: a watch has timers of its own, which run out.
    const timers = Math.max(0, armed() - timersBefore)
    const open = account.opened - account.closed - 1
    const listeners = getEventListeners(stop.signal, 'abort').length - 1
    const { live, leaked } = reloader.status().modules.client ?? { live: -1, leaked: -1 }
    await reloader.close()
    const left = armed() + getEventListeners(stop.signal, 'abort').length + account.opened - account.closed
    const leaks = open + timers + listeners + leaked + (live - 1) + left
    const grown = after.rss - before.rss
    return [
      {
        name: 'resident memory after GC',
        unit: 'MB more',
        value: grown,
        goal: '< 5 MB',
        isMet: grown < 5,
        note: `heap ${signed(after.heap - before.heap)} MB; ${Math.round(reloads / seconds)} reloads a second`,
      },
      {
        name: 'leaks',
        unit: 'clients, timers, listeners',
        value: leaks,
        goal: '0',
        isMet: leaks === 0,
        note: `${account.opened} clients opened and closed; ${left} of all left after close`,
      },
    ]
  },
}
