import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Snapshot } from '../../../src/model/snapshot.ts'
import { Safety } from '../../../src/safety/safety.ts'
import { resolveOptions } from '../../../src/settings/settings.ts'
import type { Transaction } from '../../../src/transaction/transaction.ts'
import { createRandom } from '../../support/random.ts'
import { exploreChoices } from '../choices.ts'
import type { FileSystem } from '../../../src/persistence/file-system.ts'
import { type Around, stepped } from '../steps.ts'
import { createHost } from './host.ts'
import { interleave } from './interleave.ts'

const MAX_ATTEMPTS = 3
const DIGEST = 'the config that kills'

const settings = resolveOptions({
  source: memorySource('{}'),
  schema: z.object({}),
  lastKnownGood: { load: async () => undefined, save: async () => {} },
})

/** Starts a process as far as its first attempt at the config that kills it. False if it is quarantined. */
const attempt = async (host: ReturnType<typeof createHost>, name: string, files?: FileSystem) => {
  const { persistence, kill } = host.boot(name, files)
  const codes: string[] = []
  const safety = new Safety(
    settings,
    persistence,
    ({ code }) => void codes.push(code),
    () => {},
  )
  await safety.load()
  const [quarantined] = safety.quarantine.active
  if (quarantined === undefined) {
    const transaction = { snapshot: { digest: DIGEST } as Snapshot, revision: { revision: '1' } }
    await safety.begin(transaction as unknown as Transaction, false)
  }
  return { safety, codes, kill, isQuarantined: quarantined !== undefined }
}

test('A process that starts counts the deaths that others know of, whoever has taken over what the dead have left', async () => {
  const host = createHost()
  for (const name of ['one', 'two']) (await attempt(host, name)).kill()
  // Has both deaths; the next one has a slot without any.
  await attempt(host, 'three')
  const four = await attempt(host, 'four')
  expect([four.isQuarantined, four.codes]).toEqual([false, []])
  four.kill()
  expect(await attempt(host, 'five')).toMatchObject({ isQuarantined: true, codes: ['attempt.died'] })
})

test('Deaths that a process has forgotten by a release are not counted by those that start later', async () => {
  const host = createHost()
  for (const name of ['one', 'two']) (await attempt(host, name)).kill()
  const { safety } = await attempt(host, 'three')
  await safety.release(undefined)
  ;(await attempt(host, 'four')).kill()
  const five = await attempt(host, 'five')
  expect([five.isQuarantined, five.codes]).toEqual([false, ['attempt.died']])
})

test('A death is counted by a process that starts while another one takes it over, whoever does the next step', async () => {
  const runs = await exploreChoices(10, async (choose) => {
    const host = createHost()
    ;(await attempt(host, 'dead')).kill()
    const started: { readonly kill: () => void }[] = []
    const start = (name: string) => async (around: Around) => {
      started.push(await attempt(host, name, stepped(host.disk.files, around)))
    }
    await interleave([start('one'), start('two')], choose)
    for (const { kill } of started) kill()
    await attempt(host, 'last')
    const { journal } = await host.boot('reader').persistence.load()
    // Both knew of the first death, so theirs are the second.
    expect(journal?.attempts.map(({ deaths }) => deaths)).toEqual([2])
  })
  expect(runs).toBeGreaterThan(100)
})

test(`A config that kills ends each of five processes ${MAX_ATTEMPTS} times at most, in whatever order they start and die`, async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = createRandom(seed)
    const host = createHost()
    const run = (worker: number) => async (around: Around) => {
      const files = stepped(host.disk.files, around)
      for (let deaths = 0; ; deaths++) {
        const { isQuarantined, kill } = await attempt(host, `${worker}.${deaths}`, files)
        if (isQuarantined) return
        expect(deaths, `seed ${seed}`).toBeLessThan(MAX_ATTEMPTS)
        await around('die', async () => kill())
      }
    }
    await interleave([0, 1, 2, 3, 4].map(run), (options) => random.below(options))
  }
})
