import { readFile } from 'node:fs/promises'
import { simulate } from 'changeover/testing'
import { expect, test } from 'vitest'
import { documents, subject } from './subject.ts'
import { hashOfTraces } from './traces.ts'

// `CHANGEOVER_SEED=7 CHANGEOVER_RUNS=1000 npx vitest run test/testing/simulate/simulation.test.ts` plays other histories.
const seed = Number(process.env.CHANGEOVER_SEED ?? 5)
const runs = Number(process.env.CHANGEOVER_RUNS ?? 200)

test('seeded histories of a service and its operators hold every invariant', { timeout: 600_000 }, async () => {
  const { outcomes, faults, unreached } = await simulate({ ...subject, documents, runs, seed })
  if (runs < 200) return
  // Histories in which something never happened prove nothing about it.
  for (const outcome of ['committed', 'unchanged', 'rejected', 'rolled-back', 'superseded', 'aborted', 'degraded']) {
    expect(outcomes[outcome], `no transaction was ever ${outcome}`).toBeGreaterThan(0)
  }
  for (const phase of ['prepare', 'commit', 'rollback', 'check', 'apply', 'undo', 'close']) {
    const reached = Object.keys(faults).some((fault) => fault.includes(`.${phase} `))
    expect(reached, `no call ever failed in ${phase}`).toBe(true)
  }
  for (const state of ['idle', 'validating', 'preparing', 'completing', 'soaking', 'committed']) {
    expect(faults[`process crash in ${state}`], `no process ever crashed in ${state}`).toBeGreaterThan(0)
  }
  expect(unreached.filter((fault) => /^(source|disk|schema)/.test(fault))).toEqual([])
})

test('equal seeds make equal traces, byte for byte, on every version of Node', { timeout: 120_000 }, async () => {
  const known = await readFile(new URL('./traces.sha256', import.meta.url), 'utf8')
  const hint = 'if the change of behaviour is intended, run: npm run simulate -- --write-hash'
  expect(await hashOfTraces(), hint).toBe(known.trim())
})

test('different seeds make different traces', { timeout: 120_000 }, async () => {
  expect(await hashOfTraces(2, 3)).not.toBe(await hashOfTraces(3, 3))
})
