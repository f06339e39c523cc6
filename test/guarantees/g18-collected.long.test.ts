import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Applier, createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

interface Slice {
  readonly n: number
}

test('G18 a replaced generation is garbage-collected, even if its close keeps its context alive', async () => {
  const made: WeakRef<object>[] = []
  // As in most appliers, the close needs what it was prepared with.
  const applier: Applier<Slice, object> = {
    prepare: (slice, context) => {
      const instance = { slice }
      made.push(new WeakRef(instance))
      return { instance, close: async () => void (context.signal.aborted || instance) }
    },
  }
  const source = memorySource({ n: 0 })
  const schema = z.object({ n: z.number() })
  const reloader = createReloader({ source, schema }).use('module', (config) => config, applier)
  await reloader.start()
  for (let n = 1; n <= 20; n++) {
    source.put({ n })
    await reloader.reload()
  }
  await vi.waitFor(
    () => {
      collectGarbage()
      // The one that serves, and at most the one that the last transaction has just replaced.
      expect(made.filter((one) => one.deref() !== undefined).length).toBeLessThanOrEqual(2)
    },
    { timeout: 20_000 },
  )
  expect(made).toHaveLength(21)
  await reloader.close()
})
