import { readFile } from 'node:fs/promises'
import { simulate } from 'changeover/testing'
import { expect, test } from 'vitest'
import { documents, subject } from './subject.ts'
import { hashOfTraces } from './traces.ts'

// `CHANGEOVER_SEED=7 CHANGEOVER_RUNS=1000 npx vitest run test/testing/simulate/simulation.test.ts` plays others.
const seed = Number(process.env.CHANGEOVER_SEED ?? 1)
const runs = Number(process.env.CHANGEOVER_RUNS ?? 200)

test('seeded histories of a service and its operators hold every invariant', { timeout: 600_000 }, async () => {
  const { outcomes, faults, unreached } = await simulate({ ...subject, documents, runs, seed })
  if (runs < 200) return
  // A run in which something never happened has shown nothing about it.
  for (const outcome of ['committed', 'unchanged', 'rejected', 'rolled-back', 'superseded', 'aborted', 'degraded']) {
    expect(outcomes[outcome], `no transaction was ever ${outcome}`).toBeGreaterThan(0)
  }
  for (const phase of ['prepare', 'commit', 'rollback', 'check', 'apply', 'undo', 'close']) {
    const reached = Object.keys(faults).some((fault) => fault.includes(`.${phase} `))
    expect(reached, `nothing ever failed in ${phase}`).toBe(true)
  }
  for (const state of ['idle', 'validating', 'preparing', 'completing', 'soaking', 'committed']) {
    expect(faults[`process crash in ${state}`], `no process ever died in ${state}`).toBeGreaterThan(0)
  }
  expect(unreached.filter((fault) => /^(source|disk|schema)/.test(fault))).toEqual([])
})

test('the same seeds make the same traces, byte for byte, on every Node', { timeout: 120_000 }, async () => {
  const known = await readFile(new URL('./traces.sha256', import.meta.url), 'utf8')
  const hint = 'where a change of what happens was meant: npm run simulate -- --write-hash'
  expect(await hashOfTraces(), hint).toBe(known.trim())
})

test('other seeds make other traces', { timeout: 120_000 }, async () => {
  expect(await hashOfTraces(2, 3)).not.toBe(await hashOfTraces(3, 3))
})
