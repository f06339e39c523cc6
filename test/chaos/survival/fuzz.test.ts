import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { goodCodec, journalCodec } from '../../../src/persistence/codec.ts'
import type { Good } from '../../../src/persistence/persisted-state.ts'
import type { EntryName } from '../../../src/api/good-store.ts'
import { createRandom, type Random } from '../../support/random.ts'
import { boot, collectHistories, type Entries, names, NEXT, SOAK_MS } from './fuzz-histories.ts'
import { type Config, isConfig } from './service.ts'
import { accidents, attacks, type Spoil } from './spoil.ts'

vi.setConfig({ testTimeout: 1_800_000 })

const CASES = process.env.CHANGEOVER_LONG === '1' ? 100_000 : 10_000
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

/** A history of which some entries are spoilt. */
const spoilt = (histories: readonly Entries[], ways: readonly [Spoil, ...Spoil[]], random: Random) => {
  const pickOf = <T>(from: readonly T[]): T => from[random.below(from.length)] as T
  const history = pickOf(histories)
  const kept = new Map<EntryName, string>()
  for (const name of names) {
    const text = history.get(name)
    if (text === undefined) continue
    const other = Buffer.from(pickOf(histories).get(pickOf(names)) ?? 'changeover/1 good \n{}')
    const isSpoilt = random.chance(0.6)
    kept.set(name, isSpoilt ? random.pick(ways)(Buffer.from(text), other, random).toString() : text)
  }
  return kept
}

/** The configs that are kept, the newest good first. */
const configsOf = (kept: Entries): { readonly config: Config; readonly isPlain: boolean }[] =>
  names
    .flatMap((name): Good[] => {
      const decoded = goodCodec.decode(name === 'journal' ? undefined : kept.get(name))
      return decoded.kind === 'valid' ? [decoded.value] : []
    })
    .sort((one, other) => other.sequence - one.sequence || other.savedAt - one.savedAt)
    // Of one digest there is but one good: somebody who may write the files may also put his own in its place.
    .filter(({ digest }, index, all) => all.findIndex((other) => other.digest === digest) === index)
    .flatMap(({ text }) => {
      try {
        const config: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
        return isConfig(config) ? [{ config, isPlain: /^\{"value":\d+\}$/.test(text) }] : []
      } catch {
        return []
      }
    })

/** What the source holds: to the end, the service is followed until it has taken it. */
const documents = { source: NEXT, 'source, to the end': NEXT, nothing: undefined, nonsense: { value: 'x' } }
type From = keyof typeof documents

/** One case: what is wrong with it, or nothing; and how the service came to serve. */
const tryCase = async (kept: Map<EntryName, string>, from: From) => {
  const isThere = from !== 'nothing' && from !== 'nonsense'
  const configs = configsOf(kept)
  const isLearned = journalCodec.decode(kept.get('journal')).kind === 'valid'
  const service = boot(kept, documents[from], 10)
  const { reloader, clock, started, served, close } = service
  await clock.advance(0)
  const first = served()
  const plain = configs.filter(({ isPlain }) => isPlain)
  if (first === undefined) {
    if (plain.length > 0 || isThere) throw new Error('nothing serves')
    if (from === 'nonsense' && started.outcome !== 'refused') throw new Error('nonsense is not refused')
  } else {
    const known = [...configs.map(({ config }) => config.value), ...(isThere ? [NEXT.value] : [])]
    if (!isConfig(reloader.config) || !known.includes(first)) throw new Error(`${first} serves`)
    // With nothing that was learnt to say otherwise it is the newest.
    const isClear = !isLearned && !isThere && plain.length === configs.length
    if (isClear && first !== plain[0]?.config.value) throw new Error(`${first} serves, which is not the newest`)
  }
  if (from === 'source, to the end') {
    await clock.advance(SOAK_MS)
    if (reloader.status().frozen !== undefined) await reloader.unfreeze()
    void reloader.release()
    await clock.advance(2 * SOAK_MS)
    const { state, persistence, goodHistory: history } = reloader.status()
    if (served() !== NEXT.value || state !== 'committed') throw new Error(`the source's is ${state}`)
    if (persistence?.lastError !== undefined) throw new Error(`it is not kept: ${persistence.lastError.detail}`)
    if (configsOf(kept)[0]?.config.value !== NEXT.value || history[0] === undefined)
      throw new Error('not the newest good')
  }
  await close()
  if (strays.length > 0) throw strays[0]
  return first === undefined ? 'nothing' : first === NEXT.value ? 'source' : 'good'
}

describe.each([
  ['by accident', accidents],
  ['by somebody who makes the checksum true', attacks],
] as const)('files that are spoilt %s', (_title, ways) => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  it(`never keep a service from starting, nor serve what the schema refuses, in ${CASES / 2} cases (seed ${seed})`, async () => {
    const random = createRandom(seed)
    const histories = await collectHistories()
    const seen = { nothing: 0, source: 0, good: 0 }
    for (let run = 0; run < CASES / 2; run++) {
      const kept = spoilt(histories, ways, random)
      const before = [...kept].map(([name, text]) => `\n${name}: ${JSON.stringify(text.slice(0, 1_000))}`).join('')
      const from = random.pick(['source', 'source, to the end', 'nothing', 'nonsense'] as const)
      try {
        seen[await tryCase(kept, from)] += 1
      } catch (error) {
        throw new Error(`case ${run} with ${from}: ${before}`, { cause: error })
      }
    }
    // All of them happen often, or nothing was tested.
    expect(Math.min(seen.nothing, seen.source)).toBeGreaterThan(CASES / 1000)
    expect(seen.good).toBeGreaterThan(CASES / 10)
  })
})
