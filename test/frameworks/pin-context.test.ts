import { expect, it } from 'vitest'
import type { Pin } from '../../src/frameworks/pin.ts'
import { currentPin, runPinned, runUnpinned } from '../../src/frameworks/pin-context.ts'

it('A task that runs without the pin of one reloader keeps those of the others', () => {
  const [one, other] = [{ reloader: {} } as Pin, { reloader: {} } as Pin]
  runPinned(one, () =>
    runPinned(other, () => {
      const seen = () => [currentPin(one.reloader), currentPin(other.reloader), currentPin()]
      expect(runUnpinned(one.reloader, seen)).toEqual([undefined, other, other])
      expect(runUnpinned(other.reloader, seen)).toEqual([one, undefined, one])
      expect(seen()).toEqual([one, other, other])
    }),
  )
  expect(runUnpinned(one.reloader, () => currentPin())).toBeUndefined()
})
