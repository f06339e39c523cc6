import type { Failure } from '../../src/model/failure.ts'
import type { ConfigAttempt, Good, Journal, Quarantined } from '../../src/persistence/persisted-state.ts'

/** A good whose text differs from that of any other sequence. */
export const goodOf = (sequence: number, text = `{"n":${sequence},"café":"\\u2028"}`): Good => ({
  sequence,
  savedAt: 1_900_000_000_000 + sequence,
  revision: { lineage: 'cluster 1', order: sequence, name: `#${sequence}` },
  digest: `digest-${sequence}`,
  text,
})

export const attemptOf = (n: number): ConfigAttempt => ({
  digest: `digest-${n}`,
  build: '1.2.3',
  revision: `#${n}`,
  startedAt: 1_900_000_000_000 + n,
  deaths: n,
  isOpen: n % 2 === 0,
  confirm: n % 3 === 0,
})

export const quarantinedOf = (n: number): Quarantined => ({
  digest: `digest-${n}`,
  build: '',
  revision: `#${n}`,
  code: 'module.prepare-failed',
  ...(n % 2 === 0 ? {} : { causeCode: 'ECONNREFUSED', module: 'db', phase: 'prepare', until: 1_900_000_000_000 }),
  count: n,
  since: 1_900_000_000_000 + n,
})

/** The n-th journal of a series; each differs from the one before. */
export const journalOf = (n: number): Journal => ({
  digestKey: 'key of the digests',
  attempts: [attemptOf(n)],
  quarantine: [quarantinedOf(n), quarantinedOf(n + 1)],
  ...(n % 2 === 0 ? {} : { frozen: { reason: `reason ${n}`, by: `name ${n}`, since: n, revertTo: 'digest-1' } }),
})

/** Summarises failures: code, entry, code of the cause. */
export const wordsOf = (failures: readonly Failure[]): readonly string[] =>
  failures.map(({ code, detail, cause }) => [code, detail, cause?.code].filter((part) => part !== undefined).join(' '))
