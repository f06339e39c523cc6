import { AsyncLocalStorage } from 'node:async_hooks'
import type { Pin } from './pin.ts'

/**
 * The pins of the running request, at most one for each reloader: a chain would grow with work that starts itself again.
 * A single one needs no list (bench: pinned).
 */
const storage = new AsyncLocalStorage<Pin | readonly Pin[]>()

/** Runs a task, and all that it starts, with the pin. */
export const runPinned = <T>(pin: Pin, task: () => T): T => {
  const others = pinsBeside(pin.reloader)
  return storage.run(others.length === 0 ? pin : [...others, pin], task)
}

/** Runs a task without the pin of this reloader. */
export const runUnpinned = <T>(reloader: object, task: () => T): T => storage.run(pinsBeside(reloader), task)

/** Returns the pin of this reloader, or of the innermost one. */
export const currentPin = (reloader?: object): Pin | undefined => {
  const pins = storage.getStore()
  if (pins === undefined) return undefined
  if (isList(pins)) return reloader === undefined ? pins.at(-1) : pins.find((pin) => pin.reloader === reloader)
  return reloader === undefined || pins.reloader === reloader ? pins : undefined
}

const isList = (pins: Pin | readonly Pin[]): pins is readonly Pin[] => Array.isArray(pins)

const none: readonly Pin[] = []

/** The pins of other reloaders. */
const pinsBeside = (reloader: object): readonly Pin[] => {
  const pins = storage.getStore()
  if (pins === undefined) return none
  return (isList(pins) ? pins : [pins]).filter((pin) => pin.reloader !== reloader)
}
