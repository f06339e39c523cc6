import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

const schema = z.object({ n: z.number() })

const start = async (n: number) => {
  const source = memorySource({ n })
  const reloader = createReloader({ source, schema })
  await reloader.start()
  const change = async (to: number) => {
    source.put({ n: to })
    await reloader.reload()
  }
  return { reloader, change }
}

test('a reloader that its user has frozen shows the serving config', async () => {
  const { reloader, change } = await start(1)
  Object.freeze(reloader)
  await change(2)
  expect(reloader.config.n).toBe(2)
  await reloader.close()
  expect(reloader.config.n).toBe(2)
})

test('the config of a reloader cannot be replaced from outside', async () => {
  const { reloader, change } = await start(1)
  expect(() => Object.assign(reloader, { config: { n: 9 } })).toThrow(TypeError)
  expect(reloader.config.n).toBe(1)
  await change(2)
  expect(reloader.config.n).toBe(2)
  await reloader.close()
})

test('two reloaders each show their own config', async () => {
  const [one, two] = [await start(1), await start(2)]
  await one.change(3)
  expect([one.reloader.config.n, two.reloader.config.n]).toEqual([3, 2])
  await Promise.all([one.reloader.close(), two.reloader.close()])
})
