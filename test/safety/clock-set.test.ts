import { expect, test } from 'vitest'
import { goodCodec, journalCodec } from '../../src/persistence/codec.ts'
import type { Journal } from '../../src/persistence/persisted-state.ts'
import {
  createDeployment,
  documentOf,
  soakedDeployment,
  SOAK_MS,
  unconfirmedDeployment,
  WITHIN_MS,
} from './deployment.ts'

const YEAR_MS = 365 * 86_400_000
const NINE_YEARS_MS = 9 * YEAR_MS

const refuse = () => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))

/** Every time in a status that says when something happened. */
const pastTimesIn = (value: unknown, key = ''): number[] => {
  if (typeof value === 'number') return /^(?:since|provedAt|verifiedAt|lastSavedAt)$/.test(key) ? [value] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => pastTimesIn(member, name))
}

/** A document that failed for a passing reason, and a service that does not see it heal. */
const quarantined = async (options: Parameters<typeof soakedDeployment>[1]) => {
  const { deployment, process } = await soakedDeployment([1], { random: () => 0.5, ...options })
  process.modules.b.script('prepare', refuse)
  deployment.source.put(documentOf(2))
  await process.advance(0)
  expect(process.reloader.status().quarantine).toHaveLength(1)
  return { deployment, process }
}

test('A quarantine that was noted while the clock ran nine years ahead lasts no longer than it was meant to', async () => {
  const deployment = createDeployment({ boot: { random: () => 0.5, quarantine: { minMs: 2_000, maxMs: 2_000 } } })
  deployment.setWall(NINE_YEARS_MS)
  const ahead = await deployment.up({}, SOAK_MS)
  ahead.modules.b.script('prepare', refuse)
  deployment.source.put(documentOf(2))
  await ahead.advance(0)
  const [noted] = ahead.reloader.status().quarantine
  expect(noted?.nextTryAt).toBeGreaterThan(ahead.clock.now())
  ahead.kill()
  deployment.setWall(-NINE_YEARS_MS)
  const next = await deployment.up()
  const now = next.clock.now()
  expect(next.served).toBe(1)
  const [entry] = next.reloader.status().quarantine
  expect(entry?.since).toBe(now)
  expect(entry?.nextTryAt).toBeLessThanOrEqual(now + 2_000)
  await next.advance(2_000 + SOAK_MS)
  expect(next).toMatchObject({ served: 2, state: 'committed' })
})

test('A quarantine from a clock that ran ahead keeps its own length, also if longer ones are allowed', async () => {
  const deployment = createDeployment({ boot: { random: () => 0.5, quarantine: { minMs: 8_000, maxMs: 600_000 } } })
  deployment.setWall(NINE_YEARS_MS)
  const ahead = await deployment.up({}, SOAK_MS)
  ahead.modules.b.script('prepare', refuse)
  deployment.source.put(documentOf(2))
  await ahead.advance(0)
  ahead.kill()
  deployment.setWall(-NINE_YEARS_MS)
  const next = await deployment.up()
  expect(next.reloader.status().quarantine).toMatchObject([{ nextTryAt: next.clock.now() + 6_000 }])
  await next.advance(5_999)
  expect(next.served).toBe(1)
  await next.advance(1)
  expect(next.served).toBe(2)
})

test.each([-NINE_YEARS_MS, -3_600_000, -1_500, 3_600_000, NINE_YEARS_MS])(
  'A quarantine lasts as long as it was meant to if the clock is set by %i ms meanwhile',
  async (shift) => {
    const { process } = await quarantined({ quarantine: { minMs: 8_000, maxMs: 8_000 } })
    await process.advance(2_000)
    process.setWall(shift)
    const now = process.clock.now()
    const [entry] = process.reloader.status().quarantine
    expect(entry?.since).toBeLessThanOrEqual(now)
    expect(entry?.nextTryAt).toBe(now + 4_000) // three quarters of 8 s, of which 2 s have passed
    expect(process.reloader.status().quarantine).toEqual([entry])
    await process.advance(3_999)
    expect(process.served).toBe(1)
    await process.advance(1 + SOAK_MS)
    expect(process).toMatchObject({ served: 2, state: 'committed' })
  },
)

test('A clock that is set back and forth every second neither ends nor extends a quarantine', async () => {
  const { process } = await quarantined({ quarantine: { minMs: 8_000, maxMs: 8_000 } })
  for (let second = 0; second < 6; second++) {
    expect(process.served).toBe(1)
    process.setWall(second % 2 === 0 ? -YEAR_MS : YEAR_MS)
    await process.advance(1_000)
  }
  await process.advance(SOAK_MS)
  expect(process).toMatchObject({ served: 2, state: 'committed' })
})

test('A quarantine that is stored after the clock was set back has the new times', async () => {
  const { deployment, process } = await quarantined({ quarantine: { minMs: 600_000, maxMs: 600_000 } })
  process.setWall(-NINE_YEARS_MS)
  await process.reloader.freeze('any reason')
  const [entry] = deployment.store.journal?.quarantine ?? []
  expect(entry?.since).toBe(process.clock.now())
  expect(entry?.until).toBeLessThanOrEqual(process.clock.now() + 600_000)
})

test('A config that killed the process under a clock years ahead is held back for crashMs and no longer', async () => {
  const boot = { maxAttempts: 1, quarantine: { crashMs: 60_000 } }
  const { deployment, process } = await soakedDeployment([1], boot)
  process.setWall(NINE_YEARS_MS)
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  const second = await deployment.up({}, 1_000)
  expect(second.reloader.status().quarantine).toMatchObject([{ code: 'attempt.died' }])
  second.kill()
  deployment.setWall(-NINE_YEARS_MS)
  const third = await deployment.up()
  const [entry] = third.reloader.status().quarantine
  expect(entry?.nextTryAt).toBe(third.clock.now() + 60_000)
  await third.advance(59_999)
  expect(third.served).toBe(1)
  await third.advance(1)
  expect(third.served).toBe(2)
})

test('A good document that was stored under a clock years ahead gives way to every newer one', async () => {
  const deployment = createDeployment()
  deployment.setWall(NINE_YEARS_MS)
  const ahead = await deployment.up({}, SOAK_MS)
  await ahead.close()
  deployment.setWall(-NINE_YEARS_MS)
  deployment.source.put(documentOf(2))
  const second = await deployment.up({}, SOAK_MS + 1_000)
  expect(second).toMatchObject({ served: 2, state: 'committed' })
  expect(second.reloader.status().goodHistory.map(({ revision }) => revision.name)).toEqual(['2', '1'])
  await second.close()
  deployment.cutSource()
  const third = await deployment.up({}, 1_000)
  expect(third.served).toBe(2)
  expect(third.reloader.status().goodHistory.map(({ revision }) => revision.name)).toEqual(['2', '1'])
})

test('A good document whose sequence leaves no room for a higher one gives way to a newer one', async () => {
  const { deployment, process } = await soakedDeployment([1])
  await process.close()
  const [good] = deployment.store.goodHistory
  if (good === undefined) throw new Error('no good')
  const savedAt = 8.64e15
  for (const name of ['good', 'good.1', 'good.2'] as const) deployment.store.entries.delete(name)
  deployment.store.entries.set('good', goodCodec.encode({ ...good, sequence: 2 ** 52, savedAt }) ?? '')
  for (const value of [2, 3, 4]) {
    deployment.source.put(documentOf(value))
    const next = await deployment.up({}, SOAK_MS + 1_000)
    expect(next).toMatchObject({ served: value, state: 'committed' })
    expect(next.reloader.status().persistence).not.toHaveProperty('lastError')
    await next.close()
    const restored = await deployment.up()
    expect(restored.reloader.status().lastKnownGood?.revision.name).toBe(String(value))
    restored.kill()
  }
})

test('No status shows a time that has not come, whatever the clock was when it was noted', async () => {
  const deployment = createDeployment({ boot: { confirm: { withinMs: WITHIN_MS } } })
  deployment.setWall(NINE_YEARS_MS)
  const ahead = await deployment.up({}, SOAK_MS)
  await ahead.reloader.freeze('until tomorrow')
  ahead.kill()
  deployment.setWall(-NINE_YEARS_MS)
  deployment.cutSource()
  const next = await deployment.up({}, 60_000)
  const status = next.reloader.status()
  expect(status).toMatchObject({ frozen: { reason: 'until tomorrow' }, goodHistory: [{}], stale: {} })
  expect(Math.max(...pastTimesIn(status))).toBeLessThanOrEqual(next.clock.now())
  next.setWall(-YEAR_MS)
  expect(Math.max(...pastTimesIn(next.reloader.status()))).toBeLessThanOrEqual(next.clock.now())
  await next.reloader.freeze('until tomorrow, again')
  expect(deployment.store.journal?.frozen?.since).toBeLessThanOrEqual(next.clock.now())
})

test.each([-NINE_YEARS_MS, -5_000, 5_000, NINE_YEARS_MS])(
  'A confirmation is awaited for as long as it was to be if the clock is set by %i ms meanwhile',
  async (shift) => {
    const { process } = await unconfirmedDeployment(SOAK_MS)
    process.setWall(shift)
    const leftMs = WITHIN_MS - SOAK_MS
    expect(process.reloader.status().confirmation?.until).toBe(process.clock.now() + leftMs)
    await process.advance(leftMs - 1)
    expect(process.served).toBe(2)
    await process.advance(1)
    expect(process).toMatchObject({ served: 1, state: 'rolled-back' })
  },
)

test('An attempt that began under a clock years ahead is a death like any other', async () => {
  const { deployment, process } = await soakedDeployment([1], { maxAttempts: 2 })
  process.setWall(NINE_YEARS_MS)
  deployment.source.put(documentOf(2))
  await process.advance(1_000)
  process.kill()
  deployment.setWall(-NINE_YEARS_MS)
  const second = await deployment.up({}, 1_000)
  expect(deployment.store.journal?.attempts).toMatchObject([{ deaths: 1, startedAt: second.clock.now() - 1_000 }])
  second.kill()
  expect(await deployment.up({}, 1_000)).toMatchObject({ served: 1, state: 'rejected' })
})

test.each([
  ['that no date can show', { since: 1e300, until: 1e301 }],
  ['before the epoch', { since: -1e300, until: 1e300 }],
  ['that end before they began', { since: 3e12, until: 1e12 }],
])('Stored times %s are taken for what they can be', async (_, times) => {
  const { deployment, process } = await soakedDeployment([1], { quarantine: { maxMs: 600_000 } })
  process.modules.b.script('prepare', refuse)
  deployment.source.put(documentOf(2))
  await process.advance(0)
  const [entry] = deployment.store.journal?.quarantine ?? []
  process.kill()
  const journal: Journal = {
    digestKey: deployment.store.journal?.digestKey ?? '',
    attempts: [{ ...attempt, startedAt: times.since }],
    quarantine: entry === undefined ? [] : [{ ...entry, ...times }],
    frozen: { reason: 'x', since: times.since },
  }
  deployment.store.entries.set('journal', journalCodec.encode(journal) ?? '')
  const next = await deployment.up()
  const now = next.clock.now()
  for (const one of next.reloader.status().quarantine) {
    expect(one.nextTryAt).toBeLessThanOrEqual(now + 600_000)
    expect(one.since).toBeGreaterThanOrEqual(0)
  }
  const { frozen } = next.reloader.status()
  expect(frozen?.since).toBeGreaterThanOrEqual(0)
  expect(frozen?.since).toBeLessThanOrEqual(now)
  await next.reloader.unfreeze()
  await next.advance(600_000 + SOAK_MS)
  expect(next).toMatchObject({ served: 2, state: 'committed' })
})

const attempt = { digest: 'other', build: '', revision: '7', deaths: 0, isOpen: true, confirm: false }
