import { expect, test } from 'vitest'
import { journalCodec } from '../../src/persistence/codec.ts'
import { type Deployment, documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'
import type { Process } from './process.ts'

/** The process that was started last, as its attempts name it. */
const ownerOf = (deployment: Deployment): string => String(deployment.processes.length)

/** A process in the soak of document 2, of which the next ones think as told. */
const soaking = async (state: 'alive' | 'dead' | 'unknown', options: Parameters<typeof soakedDeployment>[1] = {}) => {
  const { deployment, process } = await soakedDeployment([1], options)
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  if (state !== 'dead') deployment.store.living.set(ownerOf(deployment), state)
  return { deployment }
}

const next = async (deployment: Deployment, ms = 1_000): Promise<Process> => deployment.up({}, ms)

test('An attempt of a process that lives is no death, and is still there when that process has died', async () => {
  const { deployment } = await soaking('alive', { maxAttempts: 1 })
  const owner = ownerOf(deployment)
  const second = await next(deployment)
  expect(second).toMatchObject({ served: 2, state: 'soaking' })
  expect(second.codes('error')).toEqual([])
  expect(second.codes('warn')).toEqual(['persistence.shared', 'persistence.restored'])
  expect(second.reloader.status().quarantine).toEqual([])
  expect(deployment.store.journal?.attempts.map(({ isOpen }) => isOpen)).toEqual([true, true])
  await second.close()
  expect(deployment.store.journal?.attempts).toMatchObject([{ isOpen: true, owner: { instance: owner } }])
  deployment.store.living.delete(owner)
  const third = await next(deployment)
  expect(third.codes('error')).toEqual(['attempt.died'])
  expect(third).toMatchObject({ served: 1, state: 'rejected' })
})

test('Processes that start one after the other while the others try the same document count no death', async () => {
  const { deployment } = await soaking('alive')
  for (let started = 0; started < 6; started++) {
    const process = await next(deployment)
    expect(process).toMatchObject({ served: 2, state: 'soaking' })
    expect(process.codes('error')).toEqual([])
    process.kill()
    deployment.store.living.set(ownerOf(deployment), 'alive')
  }
  const last = await next(deployment, SOAK_MS)
  expect(last).toMatchObject({ served: 2, state: 'committed' })
  expect(last.reloader.status().quarantine).toEqual([])
})

test('An attempt is no death if nobody can tell whether its process lives', async () => {
  const { deployment } = await soaking('unknown', { maxAttempts: 1 })
  const second = await next(deployment, SOAK_MS)
  expect(second).toMatchObject({ served: 2, state: 'committed' })
  expect(second.codes('error')).toEqual([])
})

test('An unconfirmed change of a process that lives is not quarantined', async () => {
  const { deployment } = await soaking('alive', { confirm: { withinMs: 60_000 } })
  const second = await next(deployment)
  expect(second.reloader.status().quarantine).toEqual([])
  expect(second).toMatchObject({ served: 2, state: 'soaking' })
})

test('The end of a rollback, a release and a new attempt leave the attempt of a process that lives alone', async () => {
  const { deployment } = await soaking('alive')
  const process = await next(deployment)
  process.modules.b.always('check', 'reject')
  await process.advance(SOAK_MS)
  await process.reloader.release()
  await process.advance(0)
  expect(process).toMatchObject({ served: 1, state: 'rolled-back' })
  process.modules.b.heal()
  deployment.source.put(documentOf(3))
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 3, state: 'committed' })
  expect(deployment.store.journal?.attempts).toMatchObject([{ revision: '2', isOpen: true }])
})

test('A journal of an earlier version has no owners, and its open attempt is a death', async () => {
  const { deployment } = await soaking('alive', { maxAttempts: 1 })
  const { journal } = deployment.store
  if (journal === undefined) throw new Error('no journal')
  const attempts = journal.attempts.map(({ owner: _, ...attempt }) => attempt)
  deployment.store.entries.set('journal', journalCodec.encode({ ...journal, attempts }) ?? '')
  expect(await next(deployment)).toMatchObject({ served: 1, state: 'rejected' })
})

test('Processes that tried a config side by side and died together count once, and those that died in turn add up', async () => {
  const { deployment } = await soaking('dead', { maxAttempts: 2 })
  const { journal } = deployment.store
  const [attempt] = journal?.attempts ?? []
  if (journal === undefined || attempt?.owner === undefined) throw new Error('no attempt')
  const { owner } = attempt
  const attempts = ['x', 'y', 'z'].map((instance) => ({ ...attempt, owner: { ...owner, instance } }))
  deployment.store.entries.set('journal', journalCodec.encode({ ...journal, attempts }) ?? '')
  const second = await next(deployment)
  expect(second).toMatchObject({ served: 2, state: 'soaking' })
  expect(second.codes('error')).toEqual(['attempt.died'])
  second.kill()
  expect(await next(deployment)).toMatchObject({ served: 1, state: 'rejected' })
})

test('What a process has proved meanwhile is no death of another one', async () => {
  const { deployment } = await soaking('dead', { maxAttempts: 1 })
  const { journal } = deployment.store
  const second = await deployment.up({ maxAttempts: 3 }, SOAK_MS)
  expect(second).toMatchObject({ served: 2, state: 'committed' })
  second.kill()
  if (journal !== undefined) deployment.store.entries.set('journal', journalCodec.encode(journal) ?? '')
  const third = await next(deployment)
  expect(third).toMatchObject({ served: 2 })
  expect(third.codes('error')).toEqual([])
})

test('An attempt of a process that lives is over when this one has proved the config, so that it is no death later', async () => {
  const { deployment } = await soaking('alive', { maxAttempts: 1 })
  const owner = ownerOf(deployment)
  const second = await next(deployment, SOAK_MS)
  expect(second).toMatchObject({ served: 2, state: 'committed' })
  expect(deployment.store.journal?.attempts).toEqual([])
  deployment.source.put(documentOf(3))
  await second.advance(SOAK_MS)
  second.kill()
  deployment.store.living.delete(owner)
  deployment.source.put(documentOf(2))
  const third = await next(deployment)
  expect(third.codes('error')).toEqual([])
  expect(third).toMatchObject({ served: 2, state: 'soaking' })
})
