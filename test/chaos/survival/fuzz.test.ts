import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { goodCodec, journalCodec } from '../../../src/persistence/codec.ts'
import type { Good } from '../../../src/persistence/persisted-state.ts'
import type { EntryName } from '../../../src/api/good-store.ts'
import { createRandom, type Random } from '../../support/random.ts'
import { boot, collectHistories, type Entries, names, NEXT, SOAK_MS } from './fuzz-histories.ts'
import { type Config, isConfig } from './service.ts'
import { accidents, attacks, type Spoil } from './spoil.ts'

vi.setConfig({ testTimeout: 1_800_000 })

const CASES = process.env.CHANGEOVER_LONG === '1' ? 100_000 : 4_000
const strays: unknown[] = []
const noteStray = (error: unknown): void => void strays.push(error)

beforeAll(() => {
  process.on('unhandledRejection', noteStray)
  process.on('uncaughtException', noteStray)
})

afterAll(() => {
  process.off('unhandledRejection', noteStray)
  process.off('uncaughtException', noteStray)
})

/** Picks a history and spoils some of its entries. */
const spoiled = (histories: readonly Entries[], ways: readonly Spoil[], random: Random) => {
  const history = random.pick(histories)
  const entries = new Map<EntryName, string>()
  for (const name of names) {
    const text = history.get(name)
    if (text === undefined) continue
    const other = Buffer.from(random.pick(histories).get(random.pick(names)) ?? 'changeover/1 good \n{}')
    const isSpoiled = random.chance(0.6)
    entries.set(name, isSpoiled ? random.pick(ways)(Buffer.from(text), other, random).toString() : text)
  }
  return entries
}

/** Lists the configs that are stored, the newest good first. */
const configsOf = (entries: Entries): { readonly config: Config; readonly isPlain: boolean }[] =>
  names
    .flatMap((name): Good[] => {
      const decoded = goodCodec.decode(name === 'journal' ? undefined : entries.get(name))
      return decoded.kind === 'valid' ? [decoded.value] : []
    })
    .sort((one, other) => other.sequence - one.sequence || other.savedAt - one.savedAt)
    // Each digest counts once: an attacker with write access may put his own document in its place.
    .filter(({ digest }, index, all) => all.findIndex((other) => other.digest === digest) === index)
    .flatMap(({ text }) => {
      try {
        const config: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
        return isConfig(config) ? [{ config, isPlain: /^\{"value":\d+\}$/.test(text) }] : []
      } catch {
        return []
      }
    })

/** The documents of the source; if it is followed, the service runs until it has applied it. */
const documents = { source: NEXT, 'source, followed': NEXT, nothing: undefined, nonsense: { value: 'x' } }
type From = keyof typeof documents

/** Runs one case, which throws if something is wrong; returns what served first. */
const tryCase = async (entries: Map<EntryName, string>, from: From) => {
  const isThere = from !== 'nothing' && from !== 'nonsense'
  const configs = configsOf(entries)
  const isLearned = journalCodec.decode(entries.get('journal')).kind === 'valid'
  const service = boot(entries, documents[from], 10)
  const { reloader, clock, started, served, close } = service
  await clock.advance(0)
  const first = served()
  const plain = configs.filter(({ isPlain }) => isPlain)
  if (first === undefined) {
    if (plain.length > 0 || isThere) throw new Error('nothing serves')
    if (from === 'nonsense' && started.outcome !== 'rejected') throw new Error('nonsense is not rejected')
  } else {
    const known = [...configs.map(({ config }) => config.value), ...(isThere ? [NEXT.value] : [])]
    if (!isConfig(reloader.config) || !known.includes(first)) throw new Error(`${first} serves`)
    // If nothing in the journal says otherwise, the newest serves.
    const isClear = !isLearned && !isThere && plain.length === configs.length
    if (isClear && first !== plain[0]?.config.value) throw new Error(`${first} serves, which is not the newest`)
  }
  if (from === 'source, followed') {
    await clock.advance(SOAK_MS)
    if (reloader.status().frozen !== undefined) await reloader.unfreeze()
    void reloader.release()
    await clock.advance(2 * SOAK_MS)
    const { state, persistence, goodHistory } = reloader.status()
    if (served() !== NEXT.value || state !== 'committed')
      throw new Error(`the document of the source ended as ${state}`)
    if (persistence?.lastError !== undefined)
      throw new Error(`the document is not stored: ${persistence.lastError.detail}`)
    if (configsOf(entries)[0]?.config.value !== NEXT.value || goodHistory[0] === undefined)
      throw new Error('the newest good document is not that of the source')
  }
  await close()
  if (strays.length > 0) throw strays[0]
  return first === undefined ? 'nothing' : first === NEXT.value ? 'source' : 'good'
}

describe.each([
  ['by accident', accidents],
  ['by an attacker who corrects the checksum', attacks],
] as const)('files that are spoiled %s', (_title, ways) => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  it(`never keep a service from starting or make it serve what the schema rejects, in ${CASES / 2} cases (seed ${seed})`, async () => {
    const random = createRandom(seed)
    const histories = await collectHistories()
    const seen = { nothing: 0, source: 0, good: 0 }
    for (let run = 0; run < CASES / 2; run++) {
      const entries = spoiled(histories, ways, random)
      const before = [...entries].map(([name, text]) => `\n${name}: ${JSON.stringify(text.slice(0, 1_000))}`).join('')
      const from = random.pick(['source', 'source, followed', 'nothing', 'nonsense'] as const)
      try {
        seen[await tryCase(entries, from)] += 1
      } catch (error) {
        throw new Error(`case ${run} with ${from}: ${before}`, { cause: error })
      }
    }
    // Each result occurs often; otherwise nothing was tested.
    expect(Math.min(seen.nothing, seen.source)).toBeGreaterThan(CASES / 1000)
    expect(seen.good).toBeGreaterThan(CASES / 10)
  })
})
