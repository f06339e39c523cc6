import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { createVirtualClock } from 'changeover/testing'
import { expect, it } from 'vitest'
import { installVirtualGlobals } from '../../../../src/testing/simulate/play/globals/virtual-globals.ts'

const targets = { globalThis, timers, timersPromises, performance, AbortSignal }

/** What code finds that goes through the names of an object. */
const namesOf = (): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(targets).map(([name, target]) => {
      const names: string[] = []
      for (const key in target) names.push(key)
      return [name, names.toSorted()]
    }),
  )

it('Virtual globals have the names of the real ones, and restore them', () => {
  const descriptors = () =>
    Object.values(targets).map((target) => [
      Object.getOwnPropertyDescriptor(target, 'setTimeout'),
      Object.getOwnPropertyDescriptor(target, 'Date'),
      Object.getOwnPropertyDescriptor(target, 'now'),
      Object.getOwnPropertyDescriptor(target, 'timeout'),
    ])
  const [names, before, realDate] = [namesOf(), descriptors(), Date]
  const clock = createVirtualClock()
  const restore = installVirtualGlobals(() => clock)
  try {
    expect(namesOf()).toEqual(names)
    expect(Date).not.toBe(realDate)
  } finally {
    restore()
  }
  expect(descriptors()).toEqual(before)
  expect(Date).toBe(realDate)
})
