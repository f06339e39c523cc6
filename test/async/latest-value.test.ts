import { expect, test } from 'vitest'
import { LatestValue } from '../../src/async/latest-value.ts'

test('A slow consumer gets the newest value that was put, and each that was queued, in order', async () => {
  const values = new LatestValue<string>()
  values.put('first')
  values.queue('queued')
  values.put('second')
  values.put('third')
  expect([await values.take(), await values.take()]).toEqual(['queued', 'third'])
  const next = values.take()
  values.put('fourth')
  expect(await next).toBe('fourth')
})

test('A failure is thrown after what waits, the first one, and nothing is added to it', async () => {
  const values = new LatestValue<string>()
  values.put('before')
  values.fail(new Error('first'))
  values.fail(new Error('second'))
  values.put('after')
  expect(await values.take()).toBe('before')
  await expect(values.take()).rejects.toThrow('first')
})

test('The end drops what waits and any failure, and wakes the consumer', async () => {
  const values = new LatestValue<string>()
  const waiting = values.take()
  values.end()
  expect(await waiting).toBeUndefined()
  const failed = new LatestValue<string>()
  failed.put('dropped')
  failed.fail(new Error('dropped'))
  failed.end()
  failed.put('late')
  expect(await failed.take()).toBeUndefined()
})

test('At most 10,000 values wait in the queue', () => {
  const values = new LatestValue<number>()
  for (let value = 0; value < 10_000; value += 1) values.queue(value)
  expect(() => values.queue(0)).toThrow(RangeError)
})
