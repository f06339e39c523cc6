import { expect, it } from 'vitest'
import { KeptSecret } from '../../../src/sources/etcd/connection/provider.ts'

const kept = (isDynamic: boolean) => {
  let asked = 0
  const ask = async (): Promise<number> => {
    asked += 1
    if (asked === 1) throw new Error('the first call fails')
    return asked
  }
  return new KeptSecret({ isDynamic, ask }, new AbortController().signal)
}

it('A secret is kept until it is refused, and asked for again after a failure', async () => {
  const secret = kept(true)
  await expect(secret.get()).rejects.toThrow('the first call fails')
  expect(secret.isKept).toBe(false)
  expect([await secret.get(), await secret.get(), secret.isKept]).toEqual([2, 2, true])
  expect(secret.refuse()).toBe(true)
  expect(secret.isKept).toBe(false)
  expect(await secret.get()).toBe(3)
})

it('A secret that was refused late does not forget the one that came after it', async () => {
  const secret = kept(true)
  await secret.get().catch(() => {})
  const first = secret.get()
  await first
  secret.refuse(first)
  expect(await secret.get()).toBe(3)
  expect(secret.refuse(first)).toBe(true)
  expect([secret.isKept, await secret.get()]).toEqual([true, 3])
})

it('A secret that cannot change is kept although it is refused', async () => {
  const secret = kept(false)
  await secret.get().catch(() => {})
  expect(await secret.get()).toBe(2)
  expect(secret.refuse()).toBe(false)
  expect(await secret.get()).toBe(2)
})
