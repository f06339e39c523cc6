import { describe, expect, it } from 'vitest'
import type { ReloaderStatus } from '../../../../src/api/status.ts'
import type { TransactionRecord } from '../../../../src/model/record.ts'
import { QuarantineOracle } from '../../../../src/testing/simulate/check/quarantine-oracle.ts'
import { RecordInvariants } from '../../../../src/testing/simulate/check/record-invariants.ts'
import { ReferenceModel } from '../../../../src/testing/simulate/check/reference-model.ts'
import { RestartOracle } from '../../../../src/testing/simulate/check/restart-oracle.ts'
import { checkTimes } from '../../../../src/testing/simulate/check/status-check.ts'
import type { Scenario } from '../../../../src/testing/simulate/scenario/scenario.ts'

const scenarioOf = (settings: Partial<Scenario>): Scenario => ({
  version: 1,
  seed: 1,
  start: {},
  last: {},
  steps: [],
  faults: [],
  ...settings,
})

let epochs = 0

const record = (more: Partial<TransactionRecord> & { readonly failures?: readonly unknown[] } = {}) =>
  ({
    id: 'x',
    epoch: ++epochs,
    trigger: 'change',
    outcome: 'committed',
    digest: 'a',
    startedAt: 0,
    durationMs: 0,
    modules: [],
    ...more,
  }) as unknown as TransactionRecord

const facts = { calledAt: 0, permanentFailures: new Set<string>(), now: 0, serving: 'a', heldMs: undefined }
const failures = [{ code: 'module.prepare-failed', module: 'db' }]
const resting = { quarantine: [], state: 'committed', degraded: [] } as unknown as ReloaderStatus

const listening = () => {
  const broken: string[] = []
  return { broken, breach: (name: string, message: string) => void broken.push(`${name}: ${message}`) }
}

describe('The restart oracle accuses', () => {
  const oracleOf = (settings: Partial<Scenario>) => {
    const { broken, breach } = listening()
    return { broken, oracle: new RestartOracle(scenarioOf(settings), breach) }
  }

  it('a change that begins while changes are frozen, in this process and in the next', () => {
    const { broken, oracle } = oracleOf({ persists: true })
    oracle.onBoot(true)
    oracle.onRecord(record({ epoch: 1, trigger: 'start' }), facts)
    oracle.onFrozen(1, 5)
    oracle.onFrozen(9, 6)
    for (const trigger of ['restore', 'revert', 'repair', 'secret'] as const)
      oracle.onRecord(record({ epoch: 2, trigger }), facts)
    expect(broken).toEqual([])
    oracle.onRecord(record({ epoch: 3, digest: 'b' }), facts)
    expect(broken).toEqual(['freeze: a change transaction began while changes were frozen'])
    oracle.onBoot(true)
    oracle.onRecord(record({ epoch: 1, trigger: 'restore', digest: 'b' }), facts)
    oracle.onRecord(record({ epoch: 2, trigger: 'change', digest: 'c' }), facts)
    expect(broken.slice(1)).toEqual(['freeze: a change transaction began while changes were frozen'])
    oracle.onCommand('unfreeze', resting)
    oracle.onRecord(record({ epoch: 3, trigger: 'change', digest: 'd' }), facts)
    expect(broken).toHaveLength(2)
  })

  it('a start that does not begin with the last known good', () => {
    const { broken, oracle } = oracleOf({ persists: 'files' })
    oracle.onBoot(true)
    oracle.onRecord(record({ trigger: 'start', digest: 'a' }), facts)
    oracle.onRecord(record({ digest: 'b' }), { ...facts, now: 7 })
    oracle.onBoot(true)
    oracle.onRecord(record({ trigger: 'restore', digest: 'b' }), facts)
    expect(broken).toEqual([])
    oracle.onBoot(true)
    oracle.onRecord(record({ trigger: 'restore', digest: 'a' }), facts)
    expect(broken).toEqual([
      'last known good: after a restart, a restore of another config precedes the last known good',
    ])
  })

  it('a death in an attempt that the next process does not report, and a report without a death', () => {
    const { broken, oracle } = oracleOf({ persists: 'files' })
    oracle.onBoot(true)
    oracle.onRecord(record({ trigger: 'start' }), facts)
    oracle.onDeathReported()
    expect(broken).toEqual(['attempt: a death in an attempt is reported, but no process has died'])
    oracle.onCrash({ ...resting, state: 'preparing' } as ReloaderStatus, 1, 9, false)
    oracle.onBoot(true)
    oracle.onRecord(record({ trigger: 'restore' }), facts)
    expect(broken.slice(1)).toEqual(['attempt: a process died in an attempt, and the next process did not report it'])
    oracle.onCrash({ ...resting, state: 'preparing' } as ReloaderStatus, 1, 9, false)
    oracle.onBoot(true)
    oracle.onDeathReported()
    oracle.onRecord(record({ trigger: 'restore' }), facts)
    expect(broken).toHaveLength(2)
  })

  it('a change that is kept without a confirmation', () => {
    const { broken, oracle } = oracleOf({ confirmMs: 100 })
    oracle.onBoot(true)
    oracle.onRecord(record({ trigger: 'start' }), facts)
    oracle.onCommand('confirm', { ...resting, confirmation: { transaction: 'one', until: 1 } } as ReloaderStatus)
    oracle.onRecord(record({ id: 'one', digest: 'b' }), facts)
    expect(broken).toEqual([])
    oracle.onRecord(record({ id: 'two', digest: 'c' }), facts)
    expect(broken).toEqual(['confirm: transaction two is committed without a confirmation'])
  })
})

describe('The quarantine oracle', () => {
  const failedFor = (heldMs: number) => {
    const { broken, breach } = listening()
    const oracle = new QuarantineOracle(breach)
    const held = { ...facts, now: 100, heldMs }
    oracle.onRecord(record({ outcome: 'rolled-back', digest: 'bad', failures } as never), held, 'a')
    const tryAt = (calledAt: number): void =>
      oracle.onRecord(record({ outcome: 'rolled-back', digest: 'bad', failures } as never), { ...held, calledAt }, 'a')
    return { broken, oracle, tryAt }
  }
  const AGAIN = 'quarantine: a change transaction tried a config again that had failed'

  it('accuses a change that tries a config again before its time', () => {
    const { broken, tryAt } = failedFor(500)
    tryAt(600)
    expect(broken).toEqual([])
    tryAt(599)
    expect(broken).toEqual([AGAIN])
  })

  it('remembers a failed config in the next process, unless that cannot know it or its clock was set', () => {
    const kept = failedFor(500)
    kept.oracle.onBoot(true)
    expect(kept.oracle.hasFailed('bad')).toBe(true)
    const lost = failedFor(500)
    lost.oracle.onBoot(false)
    expect(lost.oracle.hasFailed('bad')).toBe(false)
    const set = failedFor(500)
    set.oracle.onClockSet()
    expect(set.oracle.hasFailed('bad')).toBe(true)
    set.oracle.onBoot(true)
    expect(set.oracle.hasFailed('bad')).toBe(false)
  })

  it.each(['start', 'change', 'reload', 'retry', 'quarantine-expired'] as const)(
    'accuses a quarantine that outlives another document of the source, which has committed by %s',
    (trigger) => {
      const { broken, oracle } = failedFor(500)
      oracle.onRecord(record({ trigger, digest: 'other' }), facts, 'a')
      expect(oracle.hasFailed('bad')).toBe(false)
      const entry = { digest: 'bad', code: 'module.prepare-failed', nextTryAt: 700, since: 0 }
      oracle.checkAtRest({ ...resting, quarantine: [entry] } as unknown as ReloaderStatus)
      expect(broken).toEqual(['quarantine: a config is still quarantined although another document has committed'])
    },
  )

  it.each(['restore', 'revert', 'secret'] as const)(
    'accepts a quarantine that outlives a %s, which says nothing of the source',
    (trigger) => {
      const { broken, oracle } = failedFor(500)
      oracle.onRecord(record({ trigger, digest: 'other' }), facts, 'a')
      expect(oracle.hasFailed('bad')).toBe(true)
      const entry = { digest: 'bad', code: 'module.prepare-failed', nextTryAt: 700, since: 0 }
      oracle.checkAtRest({ ...resting, quarantine: [entry] } as unknown as ReloaderStatus)
      expect(broken).toEqual([])
    },
  )

  it('accuses a quarantine that outlives the success of its config', () => {
    const { broken, oracle } = failedFor(500)
    oracle.onRecord(record({ trigger: 'retry', digest: 'bad' }), facts, 'a')
    const entry = { digest: 'bad', code: 'module.prepare-failed', nextTryAt: 700, since: 0 }
    oracle.checkAtRest({ ...resting, quarantine: [entry] } as unknown as ReloaderStatus)
    expect(broken).toEqual(['quarantine: a config is still quarantined although it has committed'])
  })

  it('accuses a config that is never tried again without a reason', () => {
    const { broken, oracle } = failedFor(500)
    const entry = { digest: 'bad', code: 'module.prepare-failed', since: 0 }
    oracle.checkAtRest({ ...resting, quarantine: [entry] } as unknown as ReloaderStatus)
    expect(broken).toEqual([
      'quarantine: a config that failed with module.prepare-failed is never tried again by itself',
    ])
  })
})

describe('The records of a process', () => {
  const checked = (settings: Partial<Scenario> = {}) => {
    const { broken, breach } = listening()
    const model = new ReferenceModel()
    const invariants = new RecordInvariants(model, breach, scenarioOf(settings))
    const add = (more: Parameters<typeof record>[0], maxMs = 1_000, soakMs = 0): void =>
      invariants.onRecord(record(more), maxMs, soakMs)
    return { broken, model, add }
  }
  const revision = (name: string, order: number) => ({ lineage: 'l', name, order })

  it('may not show a transaction for a document that came again', () => {
    const { broken, add } = checked()
    add({ outcome: 'committed', revision: revision('1', 1) })
    add({ outcome: 'unchanged', trigger: 'reload', revision: revision('1', 1) })
    add({ outcome: 'committed', revision: revision('2', 2) })
    expect(broken).toEqual([])
    add({ outcome: 'unchanged', revision: revision('2', 2) })
    expect(broken).toEqual(['G12: revision 2 came again, and has started a transaction'])
  })

  it('may not go back to an older document, take too long, or end before the soak', () => {
    const { broken, add } = checked()
    add({ revision: revision('5', 5) })
    add({ revision: revision('4', 4), trigger: 'revert' })
    add({ revision: revision('3', 3) })
    add({ revision: revision('6', 6), durationMs: 1_001 })
    add({ revision: revision('7', 7), durationMs: 49 }, 1_000, 50)
    expect(broken).toEqual([
      'G12: revision 3 is committed after 5',
      'G10: a transaction took 1001 ms; its deadlines allow 1000 ms',
      'G8: a transaction ended after 49 ms; its soak is 50 ms',
    ])
  })

  it('have each epoch once, and say why a transaction failed', () => {
    const { broken, add } = checked()
    add({ epoch: 5_000 })
    add({ epoch: 5_000 })
    add({ epoch: 5_001, outcome: 'rolled-back', failures: [] } as never)
    expect(broken.map((text) => text.slice(0, 3))).toEqual(['G17', 'G9:'])
  })
})

describe('The times of a status', () => {
  const NOW = 1_000_000
  const limits = { now: NOW, quarantineMs: 500, confirmMs: 300 }
  const timesIn = (more: object): readonly string[] => {
    const { broken, breach } = listening()
    const base = { quarantine: [], goodHistory: [], since: NOW }
    checkTimes({ ...base, ...more } as unknown as ReloaderStatus, limits, breach)
    return broken.map((text) => text.split(' ', 2).join(' '))
  }

  it.each([
    ['since', { since: NOW + 1 }],
    ['a freeze', { frozen: { since: NOW + 1 } }],
    ['a quarantine', { quarantine: [{ since: NOW + 1 }] }],
    ['a good document', { goodHistory: [{ provedAt: NOW + 1 }] }],
  ])('may not lie in the future: %s', (_, more) => {
    expect(timesIn(more)).toEqual(['clock: something'])
  })

  it('may lie in the future only as far as they are meant to', () => {
    const next = (nextTryAt: number) => ({ quarantine: [{ since: 0, nextTryAt }] })
    expect(timesIn(next(NOW + 1_501))).toEqual([])
    expect(timesIn(next(NOW + 1_502))).toEqual(['clock: a'])
    expect(timesIn({ confirmation: { until: NOW + 1_301 } })).toEqual([])
    expect(timesIn({ confirmation: { until: NOW + 1_302 } })).toEqual(['clock: a'])
  })
})
