import type { GoodStore } from 'changeover'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../support/random.ts'
import { createSecretService, documentOf, FakeVault, unreachable } from './service.ts'

const SEEDS = 8
const PROCESSES = 6

/** Plays processes that follow each other on one store, with a manager that is down at random starts. */
const play = async (seed: number) => {
  const random = createRandom(seed)
  const isEncrypted = random.chance(0.5)
  const entries = new Map<string, string>()
  const store: GoodStore = {
    encrypted: isEncrypted,
    load: (name) => entries.get(name),
    save: (name, text) => void entries.set(name, text),
  }
  const values: string[] = []
  let max = 1
  for (let process = 1; process <= PROCESSES; process++) {
    const vault = new FakeVault()
    values.push(`S3cR3t-${seed}-${process}`)
    vault.secrets.set('db', values.at(-1))
    const isDown = random.chance(0.5)
    if (isDown) vault.failing.set('all', unreachable())
    if (random.chance(0.5)) max += 1
    const options = { vault, lastKnownGood: store, soak: random.below(2) * 1_000, random: createRandom(seed).next }
    const service = createSecretService({ ...options, document: documentOf({}, max) })
    const { reloader, clock } = service
    const started = reloader.start()
    await clock.advance(30_000)
    const isServing = reloader.status().serving !== undefined
    // Down from the start, only a store that encrypts has what a start needs.
    expect(isServing, `process ${process}`).toBe(!isDown || (isEncrypted && process > 1))
    if (isDown && isServing) expect(reloader.config).toMatchObject({ db: { password: values.at(-2) } })
    vault.failing.clear()
    await clock.advance(120_000)
    await started
    expect(reloader.config).toEqual({ db: { max, password: values.at(-1) } })
    const closing = reloader.close()
    await clock.advance(60_000)
    await closing
    const stored = [...entries.values()].join('\n')
    const isStored = values.some((value) => stored.includes(value))
    expect(isStored).toBe(isEncrypted)
  }
}

describe('Processes that follow each other on one store', () => {
  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
    'serve the newest document with the newest secret once the manager answers (seed %i)',
    async (seed) => {
      await play(seed)
    },
  )
})
