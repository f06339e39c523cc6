import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { Stabilizer } from '../../src/files/stabilizer.ts'

const SETTLE_MS = 50
/** Twenty times as long: a file that never rests is reported after that. */
const LIMIT_MS = 1_000
const never = new AbortController().signal

interface Look {
  readonly digest: string
  readonly stamp: string
  readonly modifiedAt: number
  readonly isTorn: boolean
  readonly isAbsent: boolean
}

const setUp = () => {
  const clock = createVirtualClock()
  const stabilizer = new Stabilizer({ clock, settleMs: SETTLE_MS })
  /** A file whose content was written at this moment, or that long before. */
  const file = (digest: string, ageMs = 0, more: Partial<Look> = {}): Look => ({
    digest,
    stamp: digest,
    modifiedAt: clock.now() - ageMs,
    isTorn: false,
    isAbsent: false,
    ...more,
  })
  /** Reads in small steps of time, and returns what was found, and after how long. */
  const read = async (look: (passedMs: number) => Look, known?: string) => {
    const startedAt = clock.monotonic()
    let found: { readonly digest: string; readonly afterMs: number } | undefined
    const passed = (): number => clock.monotonic() - startedAt
    void stabilizer
      .read(async () => look(passed()), known, never)
      .then(({ digest }) => {
        found = { digest, afterMs: passed() }
      })
    for (let steps = 0; found === undefined && steps < 10_000; steps++) await clock.advance(steps === 0 ? 0 : 1)
    return found
  }
  return { clock, file, read }
}

describe('The first read of a file', () => {
  it('waits for nothing if the file was finished long before', async () => {
    const { file, read } = setUp()
    const old = file('a', SETTLE_MS + 1)
    expect(await read(() => old)).toEqual({ digest: 'a', afterMs: 0 })
  })

  it.each([
    ['has just been written', SETTLE_MS, {}],
    ['is written while it is read', SETTLE_MS + 1, { isTorn: true }],
  ])('waits until the file rests if it %s', async (_, ageMs, more) => {
    const { file, read } = setUp()
    const fresh = file('a', ageMs, more)
    expect(await read(() => fresh)).toEqual({ digest: 'a', afterMs: SETTLE_MS })
  })

  it('waits longer for an empty file, and not at all for a missing one', async () => {
    const { file, read } = setUp()
    const empty = file('', SETTLE_MS + 1, { isAbsent: true })
    expect(await read(() => empty)).toEqual({ digest: '', afterMs: 4 * SETTLE_MS })
    const missing = file('missing', 0, { isAbsent: true })
    expect(await read(() => missing)).toEqual({ digest: 'missing', afterMs: 0 })
  })
})

describe('A later read of a file', () => {
  it('reports at once what is known already', async () => {
    const { file, read } = setUp()
    const known = file('a')
    expect(await read(() => known, 'a')).toEqual({ digest: 'a', afterMs: 0 })
  })

  it('waits for a new content to rest, however old its time says it is', async () => {
    const { file, read } = setUp()
    const changed = file('b', 1_000_000)
    expect(await read(() => changed, 'a')).toEqual({ digest: 'b', afterMs: SETTLE_MS })
  })

  it('waits anew for each content, but for no longer than the limit', async () => {
    const { file, read } = setUp()
    const found = await read((passedMs) => file(`version ${Math.floor(passedMs / 10)}`), 'a')
    expect(found?.afterMs).toBe(LIMIT_MS)
  })

  it('counts the limit from the first look at what came after the last report', async () => {
    const { file, read } = setUp()
    const first = file('a')
    expect(await read(() => first)).toEqual({ digest: 'a', afterMs: SETTLE_MS })
    const found = await read((passedMs) => file(`version ${Math.floor(passedMs / 10)}`), 'a')
    expect(found?.afterMs).toBe(LIMIT_MS)
    // Once more, after a report that the limit has brought about.
    expect((await read((passedMs) => file(`other ${Math.floor(passedMs / 10)}`), found?.digest))?.afterMs).toBe(
      LIMIT_MS,
    )
  })

  it('goes on waiting where a read has ended that was given up', async () => {
    const { clock, file } = setUp()
    const stabilizer = new Stabilizer({ clock, settleMs: SETTLE_MS })
    const changed = file('b')
    const controller = new AbortController()
    const first = stabilizer.read(async () => changed, 'a', controller.signal)
    await clock.advance(30)
    controller.abort()
    await first
    let isFound = false
    void stabilizer
      .read(async () => changed, 'a', never)
      .then(() => {
        isFound = true
      })
    await clock.advance(19)
    expect(isFound).toBe(false)
    await clock.advance(1)
    expect(isFound).toBe(true)
  })
})
