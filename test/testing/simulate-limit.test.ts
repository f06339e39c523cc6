import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { createVirtualClock, simulate } from 'changeover/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { runnerTimeout } from '../../src/testing/simulate/play/runner-timeout.ts'
import { TimeLimit } from '../../src/testing/simulate/play/time-limit.ts'
import { Progress } from '../../src/testing/simulate/report/progress.ts'
import { useBundle } from '../support/bundled-program.ts'
import { documents, simulationErrorOf, subjectOf } from './simulate-fixtures.ts'

const endless = { documents, runs: 1_000_000, seed: 7 }

afterEach(() => void vi.restoreAllMocks())

/**
 * A subject for which 100 ms of real time pass whenever one of its processes starts, and no time otherwise: how many
 * histories a limit allows is the same on every machine.
 */
const timedSubject = (more?: Parameters<typeof subjectOf>[1]): ReturnType<typeof subjectOf> => {
  let passedMs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => passedMs)
  const subject = subjectOf(undefined, more)
  return {
    ...subject,
    modules: (reloader) => {
      passedMs += 100
      return subject.modules(reloader)
    },
  }
}

/** Pretends that the runner gives this test another time, as it notes it. The real time-out stays as it is. */
const withRunnerTimeout = async <T>(ms: number, work: () => Promise<T>): Promise<T> => {
  const { current } = Reflect.get(globalThis, '__vitest_worker__') as { readonly current: { timeout: number } }
  const before = current.timeout
  current.timeout = ms
  try {
    return await work()
  } finally {
    current.timeout = before
  }
}

const clear = '\r\u001b[2K'

const terminal = (isTTY?: boolean) => {
  const written: string[] = []
  return { written, ...(isTTY === undefined ? {} : { isTTY }), write: (text: string) => written.push(text) }
}

describe('A time limit', () => {
  it('ends the search, and the report tells how many histories were played', async () => {
    const { runs, text, outcomes } = await simulate({ ...timedSubject(), ...endless, timeLimitMs: 3_000 })
    expect(runs).toBeGreaterThan(5)
    expect(runs).toBeLessThan(30)
    expect(text).toContain(`${runs} histories of 1000000, all that the time limit of 3000 ms allowed, `)
    expect(outcomes['rolled-back']).toBeGreaterThan(0)
  })

  it('changes nothing of a search that ends before', async () => {
    const plain = await simulate({ ...subjectOf(), documents, runs: 15, seed: 7 })
    const limited = await simulate({ ...subjectOf(), documents, runs: 15, seed: 7, timeLimitMs: 2_000_000 })
    expect(limited).toEqual(plain)
    const transactions = Object.values(plain.outcomes).reduce((sum, count) => sum + count, 0)
    expect(plain.transactions).toBe(transactions)
    expect(plain.text).toMatch(new RegExp(`^15 histories, ${transactions} transactions, `))
  })

  it('lets one history be played, however short it is', async () => {
    const error = await simulationErrorOf(simulate({ ...timedSubject(), ...endless, timeLimitMs: 1 }))
    expect(error.code).toBe('simulate.worthless')
    expect(error.message).toContain('1 histories of 1000000')
  })

  it('does not hide a history that is broken, but leaves it as it was found', async () => {
    const invariants = { never: () => expect.fail('it never holds') }
    const subject = timedSubject({ invariants })
    const error = await simulationErrorOf(simulate({ ...subject, ...endless, timeLimitMs: 1 }))
    expect(error.code).toBe('simulate.broken')
    expect(error.scenario).toEqual(error.original)
  })

  it.each([0, -1, Number.NaN, 2 ** 31, '5'])('of %j is refused', async (timeLimitMs) => {
    const given = { ...subjectOf(), ...endless, timeLimitMs: timeLimitMs as number }
    await expect(simulate(given)).rejects.toMatchObject({ code: 'reloader.invalid-option' })
  })

  it('is over when its time has passed, or most of that of the runner', async () => {
    const clock = createVirtualClock()
    const runner = { runner: 'Jest', ms: 5_000, remedy: 'test(name, fn, 120_000)' } as const
    const given = new TimeLimit(3_000, clock, runner)
    const ofRunner = new TimeLimit(60_000, clock, runner)
    const none = await withRunnerTimeout(0, async () => new TimeLimit(undefined, clock))
    expect([given.runner, ofRunner.runner, none.runner]).toEqual([undefined, runner, undefined])
    await clock.advance(2_999)
    expect([given.isOver, ofRunner.isOver, none.isOver]).toEqual([false, false, false])
    await clock.advance(1_001)
    expect([given.isOver, ofRunner.isOver, none.isOver]).toEqual([true, true, false])
    await clock.advance(10_000_000)
    expect(none.isOver).toBe(false)
  })
})

describe('The time-out of the runner', () => {
  it('is known in vitest', { timeout: 23_456 }, () => {
    expect(runnerTimeout()).toEqual({ runner: 'vitest', ms: 23_456, remedy: 'test(name, { timeout: 120_000 }, fn)' })
  })

  it('ends a search just before the runner would, with what to do', async () => {
    const error = await withRunnerTimeout(5_000, () => simulationErrorOf(simulate({ ...timedSubject(), ...endless })))
    expect(error.code).toBe('simulate.time-limit')
    expect(error.message).toMatch(/vitest ends this test after 5000 ms, and \d+ of 1000000 histories were played/)
    expect(error.message).toContain(
      'give the test more time, as in test(name, { timeout: 120_000 }, fn), play fewer `runs`, or set `timeLimitMs`',
    )
  })

  it('is no failure if the caller has set a shorter limit', async () => {
    const search = () => simulate({ ...timedSubject(), ...endless, timeLimitMs: 3_000 })
    expect((await withRunnerTimeout(20_000, search)).runs).toBeGreaterThan(0)
  })

  it('is unknown if the runner has noted none, or no end', async () => {
    for (const ms of [0, Number.POSITIVE_INFINITY, undefined]) {
      expect(await withRunnerTimeout(ms as number, async () => runnerTimeout())).toBeUndefined()
    }
  })
})

describe('The progress of a search', () => {
  it('is shown on a terminal in one line, which is removed at the end', async () => {
    const clock = createVirtualClock()
    const { written, ...stream } = terminal(true)
    const progress = new Progress(1_000, stream, clock)
    progress.played(1)
    await clock.advance(2_000)
    progress.played(200)
    progress.played(201)
    await clock.advance(250)
    progress.played(225)
    await clock.advance(250)
    progress.shrinking(3)
    progress.end()
    progress.end()
    expect(written).toEqual([
      `${clear}simulate: 200 of 1,000 histories, 2 s, about 8 s left`,
      `${clear}simulate: 225 of 1,000 histories, 2 s, about 8 s left`,
      `${clear}simulate: a history is broken: 3 smaller ones were tried`,
      clear,
    ])
  })

  it.each([undefined, false])('is not written if `isTTY` is %j', async (isTTY) => {
    const clock = createVirtualClock()
    const { written, ...stream } = terminal(isTTY)
    const progress = new Progress(1_000, stream, clock)
    await clock.advance(60_000)
    progress.played(500)
    progress.shrinking(1)
    progress.end()
    expect(written).toEqual([])
  })

  it('is not shown for a short search', async () => {
    const { written, ...stream } = terminal(true)
    const progress = new Progress(1_000, stream, createVirtualClock())
    progress.played(1_000)
    progress.end()
    expect(written).toEqual([])
  })

  const program = useBundle(`
    import { documents, subjectOf } from './test/testing/simulate-fixtures.ts'
    import { simulate } from 'changeover/testing'
    if (process.argv[2] === 'true') process.stderr.isTTY = true
    let passedMs = 0
    performance.now = () => passedMs
    const { modules, ...subject } = subjectOf()
    const slowly = (reloader) => {
      passedMs += 100
      return modules(reloader)
    }
    const search = { documents, runs: 1_000_000, seed: 7, timeLimitMs: 3_000 }
    const { runs } = await simulate({ ...subject, modules: slowly, ...search })
    console.log(runs > 0)`)

  it.each([true, false])('goes to standard error only, and to no pipe: isTTY %j', async (isTTY) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program(), String(isTTY)])
    expect(stdout).toBe('true\n')
    const [before, ...lines] = stderr.split(clear)
    expect(before).toBe('')
    if (!isTTY) return expect(lines).toEqual([])
    expect(lines.pop()).toBe('')
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(line).toMatch(/^simulate: [\d,]+ of 1,000,000 histories, \d+ s, about \d+ s left$/)
  })
})
