import { describe, expect, it } from 'vitest'
import { createRandom } from '../support/random.ts'
import { documentOf, FakeVault, ref, type SecretService, startSecretService, unreachable } from './service.ts'

const SEEDS = 20
const MOVES = 60
const names = ['db', 'other'] as const

/** Plays a random history of rotations, faults, documents and commands, heals everything, and lets it come to rest. */
const play = async (seed: number) => {
  const random = createRandom(seed)
  const vault = new FakeVault()
  vault.secrets.set('other', 'other-0')
  let service: SecretService | undefined
  const prepare = async ({ password }: { readonly password: string }): Promise<void> => {
    if (service === undefined) return // the first start takes what it finds
    if (password.startsWith('wrong')) throw new Error('password authentication failed')
    if (password !== 'final-db' && random.chance(0.1)) throw new Error('any trouble')
    const { clock } = service
    if (random.chance(0.2)) await new Promise<void>((resolve) => clock.setTimeout(resolve, random.below(3_000)))
  }
  const options = { vault, prepare, random: createRandom(seed + 1).next, soak: random.below(2) * 500 }
  service = await startSecretService(options)
  const { clock, reloader, source } = service
  let count = 0
  let max = 1
  let isOther = false
  const ignore = (call: Promise<unknown>): void => void call.catch(() => {})
  const moves: readonly (() => void)[] = [
    () => vault.rotate(`${random.chance(0.3) ? 'wrong' : 'right'}-${++count}`, random.pick(names)),
    () => void vault.secrets.set(random.pick(names), `silent-${++count}`), // found by the next notice
    () => vault.onChange(),
    () => void vault.failing.set(random.pick(names), unreachable()),
    () => vault.failing.clear(),
    () => void vault.secrets.delete(random.pick(names)),
    () => {
      isOther = random.chance(0.5)
      source.put(documentOf(isOther ? { extra: { a: ref('other') } } : {}, ++max) as never)
    },
    () => ignore(reloader.freeze('random')),
    () => ignore(reloader.unfreeze()),
    () => ignore(reloader.revert()),
    () => ignore(reloader.retry()),
    () => ignore(reloader.reload()),
    () => ignore(reloader.refresh('db')),
  ]
  for (let move = 0; move < MOVES; move++) {
    random.pick(moves)()
    await clock.advance(random.below(4) * 700)
    expect(service.served.filter((password) => password.startsWith('wrong'))).toEqual([])
  }
  vault.failing.clear()
  vault.secrets.set('db', 'final-db')
  vault.secrets.set('other', 'final-other')
  vault.onChange()
  await Promise.all([reloader.unfreeze(), clock.advance(300_000)])
  return { service, max, isOther }
}

describe('A random history of rotations', () => {
  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
    'ends with the newest document and the newest secrets that can be read (seed %i)',
    async (seed) => {
      const { service, max, isOther } = await play(seed)
      const { config } = service.reloader
      expect(config.db).toEqual({ max, password: 'final-db' })
      expect(config.extra).toEqual(isOther ? { a: 'final-other' } : undefined)
      expect(service.reloader.status().state).toBe('committed')
      const epochs = service.records.map(({ epoch }) => epoch)
      expect(epochs).toEqual([...new Set(epochs)])
    },
  )
})
