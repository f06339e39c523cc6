import { AsyncLocalStorage } from 'node:async_hooks'
import type { Pin } from './pin.ts'

/** The pins of the running request, at most one for each reloader: a chain would grow with work that starts itself again. */
const storage = new AsyncLocalStorage<readonly Pin[]>()

/** Runs a task, and all that it starts, with the pin. */
export const runPinned = <T>(pin: Pin, task: () => T): T => {
  const outer = storage.getStore()
  const others = outer === undefined ? [] : outer.filter(({ reloader }) => reloader !== pin.reloader)
  return storage.run([...others, pin], task)
}

/** Runs a task without the pin of this reloader. */
export const runUnpinned = <T>(reloader: object, task: () => T): T =>
  storage.run(
    (storage.getStore() ?? []).filter((pin) => pin.reloader !== reloader),
    task,
  )

/** Returns the pin of this reloader, or of the innermost one. */
export const currentPin = (reloader?: object): Pin | undefined => {
  const pins = storage.getStore()
  if (pins === undefined) return undefined
  return reloader === undefined ? pins.at(-1) : pins.find((pin) => pin.reloader === reloader)
}
