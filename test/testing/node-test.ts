import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replay, scenario, SimulationError, simulate } from 'changeover/testing'
import { documentOf, documents, hangingDb, subjectOf } from './simulate-fixtures.ts'

// simulate-runners.long.test.ts runs this file with node:test.

test('simulate plays histories', async () => {
  const { outcomes } = await simulate({ ...subjectOf(), documents, runs: 20, seed: 7 })
  assert.ok((outcomes['rolled-back'] ?? 0) > 0)
})

test('a scenario holds', async () => {
  await hangingDb().run(subjectOf()).expectServing(documentOf(1))
})

test('a stray rejection fails the simulation, not the runner', async () => {
  const stray = subjectOf(() => ({
    prepare: (slice) => {
      void Promise.reject(new Error('stray'))
      return { instance: slice }
    },
  }))
  const played = replay(scenario('a start').start(documentOf(1)).build(), stray)
  await assert.rejects(played, (error) => error instanceof SimulationError && error.violations[0]?.invariant === 'G13')
})

test('virtual globals are restored', async () => {
  const before = globalThis.setTimeout
  const waits = subjectOf(
    () => ({
      prepare: async (slice) => {
        await new Promise((resolve) => setTimeout(resolve, 500))
        return { instance: slice }
      },
    }),
    { globals: 'virtual' },
  )
  await scenario('a start').start(documentOf(1)).run(waits)
  assert.equal(globalThis.setTimeout, before)
})

test('a broken expectation fails the test', { skip: process.env.SIMULATE_BREAKS === undefined }, async () => {
  await hangingDb().run(subjectOf()).expectServing(documentOf(2))
})
