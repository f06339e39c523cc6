import { expect, it } from 'vitest'
import type { Observation } from '../../src/api/internal/observation.ts'
import type { ReloaderStatus } from '../../src/api/status.ts'
import { ReloaderFacts } from '../../src/observe/facts.ts'
import { configOf, startHarness } from '../guarantees/harness.ts'

it.each<[string, Partial<ReloaderStatus['source']>, number | undefined]>([
  ['absent while its first read runs', { state: 'connecting' }, undefined],
  ['0 while it is read again after an answer', { state: 'connecting', verifiedAt: 1 }, 0],
  ['0 while it is read again after a failure', { state: 'connecting', lastError: {} as never }, 0],
  ['0 between two tries', { state: 'backing-off', verifiedAt: 1 }, 0],
  ['1 while it is watched', { state: 'watching', verifiedAt: 1 }, 1],
  ['1 while it is watched again after a failure', { state: 'watching', verifiedAt: 1, lastError: {} as never }, 1],
  ['0 once it is closed', { state: 'closed', verifiedAt: 1 }, 0],
])('That a source is up is %s', async (_title, source, expected) => {
  const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
  const status = { ...reloader.status(), source } as ReloaderStatus
  const facts = new ReloaderFacts({ status: () => status, now: () => 1 } as Observation)
  expect(facts.read().get('config_source_up')?.[0]?.value).toBe(expected)
  facts.stop()
})
