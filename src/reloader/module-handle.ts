import type { ModuleHandle } from '../api/modules.ts'
import { changeoverError } from '../model/failure.ts'
import type { Slot } from '../modules/slot.ts'

/** What a handle needs to know of the reloader. */
export interface HandleState {
  readonly isClosing: () => boolean
  readonly hasConfig: () => boolean
}

/** Makes `reloader.modules[name]`. */
export const moduleHandle = (slot: Slot, { isClosing, hasConfig }: HandleState): ModuleHandle<unknown> => {
  const { name } = slot
  const checkServed = (): void => {
    if (!hasConfig()) throw changeoverError('reloader.not-started', { module: name })
  }
  return {
    get current() {
      if (slot.serving === undefined) checkServed()
      return slot.serving?.generation.instance
    },
    use: async (task) => {
      if (isClosing()) throw changeoverError('reloader.closed', { module: name })
      checkServed()
      return slot.serving === undefined ? task(undefined) : slot.serving.use(task)
    },
  }
}
