import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, it } from 'vitest'
import { z } from 'zod'

it('close() waits for what earlier changes have left to close', async () => {
  const source = memorySource({ size: 0 })
  const ends: (() => void)[] = []
  const reloader = createReloader({ source, schema: z.object({ size: z.number() }) }).use(
    'pool',
    ({ size }) => ({ size }),
    { prepare: () => ({ instance: {}, close: () => new Promise<void>((resolve) => ends.push(resolve)) }) },
  )
  await reloader.start()
  for (const size of [1, 2]) {
    source.put({ size })
    await reloader.reload()
  }
  let isClosed = false
  const closing = reloader.close().then(() => {
    isClosed = true
  })
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  await turn()
  expect([ends.length, isClosed]).toEqual([3, false])
  ends[2]?.()
  await turn()
  ends[0]?.()
  await turn()
  expect(isClosed).toBe(false)
  ends[1]?.()
  await closing
})
