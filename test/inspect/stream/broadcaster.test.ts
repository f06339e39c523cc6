import { describe, expect, it } from 'vitest'
import { createFeed, reportedFailure, storyOf } from './broadcaster-fixture.ts'

const state = (name: string, event = 'step') =>
  ({
    machine: 'reload',
    value: name,
    state: name,
    active: [`reload.${name}`],
    event,
    taken: [{ source: 'reload.idle', event, index: 0, targets: [`reload.${name}`] }],
    at: 1,
  }) as const

/** As if a machine had taken a step. */
const withCharts = () => {
  const scene = createFeed()
  const listeners = new Set<(told: ReturnType<typeof state>) => void>()
  const counts = { attached: 0 }
  Object.assign(scene.observation, {
    charts: () => [state('idle')],
    observeCharts: (listener: (told: ReturnType<typeof state>) => void) => {
      counts.attached += 1
      listeners.add(listener)
      return () => {
        counts.attached -= 1
        listeners.delete(listener)
      }
    },
  })
  const step = (name: string): void => {
    for (const listener of listeners) listener(state(name))
  }
  return { ...scene, counts, step }
}

describe('a stream', () => {
  it('begins with all that is known', () => {
    const { look, announcer, setStatus } = withCharts()
    for (const number of [1, 2]) {
      const { began, planned, ended } = storyOf(number)
      for (const event of [began, planned, ended()]) announcer.announce(event)
    }
    announcer.announce({ kind: 'reported', failure: reportedFailure('late'), at: 5 })
    setStatus({ state: 'committed' })
    const viewer = look()
    expect(viewer.events()).toEqual(['hello'])
    expect(viewer.last('hello')).toMatchObject({
      status: { state: 'committed' },
      charts: { reload: { state: 'idle' } },
      transactions: [
        { id: 't-1', outcome: 'committed', changes: 2 },
        { id: 't-2', outcome: 'committed', changes: 2 },
      ],
      current: { id: 't-2', diff: { count: 1 }, modules: [{ module: 'a' }, { module: 'b', after: ['a'] }] },
      reported: [{ code: 'module.close-failed', at: 5 }],
      actions: ['reload'],
      csrf: 'csrf',
      now: 1_000,
    })
    // Rows of a list, not two hundred whole transactions.
    expect(viewer.last('hello').transactions[0]).not.toHaveProperty('modules')
  })

  it('tells of a transaction while it runs, each time whole, and of its closes after its end', async () => {
    const { look, announcer, clock } = createFeed()
    const viewer = look()
    const { began, planned, phase, ended } = storyOf(1)
    const steps = [
      [began, planned, phase('a', 'prepare', 2)],
      [phase('a', 'prepare', 2, 5)],
      [ended()],
      [phase('a', 'close', 11)],
    ]
    const seen: unknown[] = []
    for (const step of steps) {
      for (const event of step) announcer.announce(event)
      await clock.advance(100)
      seen.push(viewer.last('transaction').outcome, viewer.last('transaction').modules[0].phases)
    }
    const done = { phase: 'prepare', startMs: 2, durationMs: 3, result: 'done' }
    expect(seen).toEqual([
      'running',
      [{ phase: 'prepare', startMs: 2, result: 'running' }],
      'running',
      [done],
      'committed',
      [done],
      'committed',
      [done, { phase: 'close', startMs: 11, result: 'running' }],
    ])
  })

  it('gathers what comes in quick steps: ten times a second for transactions, four times for the status', async () => {
    const { look, announcer, clock, setStatus } = createFeed()
    const viewer = look()
    const { began, planned, phase } = storyOf(1)
    announcer.announce(began)
    announcer.announce(planned)
    for (let ms = 0; ms < 1_000; ms += 1) {
      setStatus({ since: ms })
      announcer.announce(phase('a', 'check', ms))
      announcer.announce(phase('a', 'check', ms, ms + 1))
      await clock.advance(1)
    }
    const count = (event: string): number => viewer.events().filter((one) => one === event).length
    expect(count('transaction')).toBe(10)
    expect(count('status')).toBe(4)
  })

  it('is not told a status that has not changed', async () => {
    const { look, announcer, clock } = createFeed()
    const viewer = look()
    for (let times = 0; times < 5; times += 1) {
      announcer.announce({ kind: 'reported', failure: reportedFailure('late'), at: times })
      await clock.advance(1_000)
    }
    expect(viewer.events().filter((event) => event === 'status')).toHaveLength(1)
    expect(viewer.events().filter((event) => event === 'reported')).toHaveLength(5)
  })

  it('joins the quick steps of a machine to one, with all transitions in order', async () => {
    const { look, step, clock } = withCharts()
    const viewer = look()
    for (const name of ['fetching', 'validating', 'preparing']) step(name)
    await clock.advance(40)
    const states = viewer.told().filter(({ event }) => event === 'state')
    expect(states).toHaveLength(1)
    expect(states[0]?.data.state).toBe('preparing')
    expect(states[0]?.data.taken.flatMap(({ targets }: { targets: string[] }) => targets)).toEqual([
      'reload.fetching',
      'reload.validating',
      'reload.preparing',
    ])
  })

  it('that cannot be told something ends nothing by it', async () => {
    const { look, announcer, clock, observation } = createFeed()
    const viewer = look()
    Object.assign(observation, {
      status: () => {
        throw new Error('hostile')
      },
    })
    announcer.announce(storyOf(1).began)
    await clock.advance(1_000) // would reject with what a timer threw
    expect(viewer.events()).toEqual(['hello', 'transaction'])
  })

  it('has a sign of life every fifteen seconds', async () => {
    const { look, clock } = createFeed()
    const viewer = look()
    await clock.advance(60_000)
    // Without an id: a page that reconnects goes on after the last event that said something.
    expect(viewer.response.text.split('\n\n').filter((frame) => frame === 'event: beat\ndata: {}')).toHaveLength(4)
  })
})

describe('a stream that goes on', () => {
  it('is told exactly what it has missed, of each thing the last', async () => {
    const { look, announcer, clock } = createFeed()
    const [first, second] = [look(), look()]
    const [one, two] = [storyOf(1), storyOf(2)]
    announcer.announce(one.began)
    await clock.advance(1_000)
    const seen = first.lastId()
    first.leave()
    for (const event of [one.planned, one.ended(), two.began]) {
      announcer.announce(event)
      await clock.advance(1_000)
    }
    const back = look(seen)
    expect(back.events()).not.toContain('hello')
    const missed = second.told().filter(({ id }) => id > seen)
    const last = missed.filter(
      ({ event, data }, at) =>
        !missed.slice(at + 1).some((later) => later.event === event && later.data.id === data.id),
    )
    expect(last.map(({ data }) => data.id)).toEqual(['t-1', 't-2'])
    expect(back.told()).toEqual(last)
  })

  it('that has missed nothing is told nothing', async () => {
    const { look, announcer, clock } = createFeed()
    const viewer = look()
    announcer.announce(storyOf(1).began)
    await clock.advance(1_000)
    viewer.leave()
    expect(look(viewer.lastId()).told()).toEqual([])
  })

  it('misses nothing while nobody looked, up to half a minute', async () => {
    const { look, announcer, clock } = createFeed()
    const viewer = look()
    announcer.announce(storyOf(1).began)
    await clock.advance(1_000)
    viewer.leave()
    await clock.advance(28_000)
    announcer.announce(storyOf(1).ended())
    await clock.advance(1_000)
    const back = look(viewer.lastId())
    expect([back.events(), back.last('transaction')?.outcome]).toEqual([['transaction'], 'committed'])
  })

  it('is greeted anew after that, rather than be left with a gap', async () => {
    const { look, announcer, clock } = createFeed()
    const viewer = look()
    announcer.announce(storyOf(1).began)
    await clock.advance(1_000)
    viewer.leave()
    await clock.advance(30_000)
    announcer.announce(storyOf(1).ended())
    await clock.advance(1_000)
    const back = look(viewer.lastId())
    expect([back.events(), back.last('hello').current.outcome]).toEqual([['hello'], 'committed'])
  })

  it.each(['999', '-1', '1e3', 'abc', '', '1'.repeat(400)])(
    'from an event that never was (%s) is greeted anew',
    async (id) => {
      const { look, announcer, clock } = createFeed()
      look()
      announcer.announce(storyOf(1).began)
      await clock.advance(1_000)
      expect(look(id).events()).toEqual(['hello'])
    },
  )

  it('from before the ring is greeted anew', async () => {
    const { look, announcer, clock } = createFeed()
    const viewer = look()
    announcer.announce({ kind: 'reported', failure: reportedFailure('first'), at: 0 })
    await clock.advance(1_000)
    const seen = viewer.lastId()
    for (let times = 0; times < 60; times += 1) {
      for (let many = 0; many < 50; many += 1)
        announcer.announce({ kind: 'reported', failure: reportedFailure('x'), at: 1 })
      await clock.advance(100)
    }
    expect(look(seen).events()).toEqual(['hello'])
    expect(look(viewer.lastId() - 100).events()).toHaveLength(100)
  })
})

describe('without viewers', () => {
  it('no machine is followed and no status asked for, and after the last has gone neither', async () => {
    const { look, announcer, clock, counts, observation } = withCharts()
    let asked = 0
    const { status } = observation
    Object.assign(observation, {
      status: () => {
        asked += 1
        return status()
      },
    })
    const run = async (number: number): Promise<void> => {
      const { began, planned, ended } = storyOf(number)
      for (const event of [began, planned, ended()]) announcer.announce(event)
      await clock.advance(1_000)
    }
    await run(1)
    expect([counts.attached, asked, clock.pending()]).toEqual([0, 0, 0])
    const viewers = [look(), look()]
    await run(2)
    expect(counts.attached).toBe(1)
    expect(asked).toBeGreaterThan(0)
    for (const { leave } of viewers) leave()
    expect(counts.attached).toBe(1) // one that reconnects misses nothing
    await clock.advance(30_000)
    asked = 0
    await run(3)
    expect([counts.attached, asked, clock.pending()]).toEqual([0, 0, 0])
    expect(look().last('hello').transactions).toHaveLength(3)
  })
})

describe('the end', () => {
  it('of the reloader is told and ends the streams; who comes later sees what was', async () => {
    const { look, announcer, clock, setStatus, feed } = withCharts()
    const viewer = look()
    announcer.announce(storyOf(1).began)
    setStatus({ state: 'closed' })
    announcer.announce(storyOf(1).ended('aborted'))
    announcer.announce({ kind: 'closed' })
    expect(viewer.last('transaction').outcome).toBe('aborted')
    expect(viewer.last('status').state).toBe('closed')
    expect(viewer.last('bye')).toEqual({ reason: 'reloader.closed' })
    expect([viewer.response.writableEnded, feed.viewers]).toEqual([true, 0])
    const late = look()
    expect(late.events()).toEqual(['hello', 'bye'])
    expect(late.last('hello')).toMatchObject({ status: { state: 'closed' }, charts: { reload: {} }, actions: [] })
    expect(late.response.writableEnded).toBe(true)
    await clock.advance(60_000)
    expect(clock.pending()).toBe(0)
  })

  it('of the inspector is told, ends the streams, and leaves nobody who listens', async () => {
    const { look, announcer, feed, clock, counts } = withCharts()
    const viewer = look()
    expect(announcer.isHeard).toBe(true)
    feed.close('inspector.closed')
    feed.close('inspector.closed')
    expect(viewer.events()).toEqual(['hello', 'bye'])
    expect([announcer.isHeard, counts.attached, clock.pending()]).toEqual([false, 0, 0])
  })
})

describe('what is kept', () => {
  it('is the last two hundred transactions', () => {
    const { look, announcer } = createFeed()
    for (let number = 1; number <= 250; number += 1) {
      const { began, ended } = storyOf(number)
      for (const event of [began, ended()]) announcer.announce(event)
    }
    const { transactions, current } = look().last('hello')
    expect(transactions.map(({ epoch }: { epoch: number }) => epoch)).toEqual(
      Array.from({ length: 200 }, (_, at) => 51 + at),
    )
    expect(current.epoch).toBe(250)
  })

  it('is less of transactions with very many modules: fifty thousand modules in all', () => {
    const { feed, announcer } = createFeed()
    for (let number = 1; number <= 10; number += 1) {
      const { began, planned } = storyOf(number)
      const modules = Array.from({ length: 9_000 }, (_, at) => ({
        module: `m${at}`,
        change: 'open' as const,
        after: [],
      }))
      for (const event of [began, { ...planned, modules }]) announcer.announce(event)
    }
    expect(feed.history.heads.map(({ epoch }) => epoch)).toEqual([6, 7, 8, 9, 10])
  })

  it('is sent in part where it is very much: of ten thousand modules the first and those that failed', async () => {
    const { look, announcer, clock, feed } = createFeed()
    const viewer = look()
    const { began, planned, phase } = storyOf(1)
    const modules = Array.from({ length: 10_000 }, (_, at) => ({
      module: `m${at}`,
      change: 'open' as const,
      after: [],
    }))
    for (const event of [began, { ...planned, modules }]) announcer.announce(event)
    announcer.announce(phase('m9000', 'prepare', 1))
    announcer.announce(phase('m9000', 'prepare', 1, 2, 'failed'))
    await clock.advance(1_000)
    const { modules: sent, changes } = viewer.last('transaction')
    expect([sent.length, sent.at(-1).module, changes]).toEqual([251, 'm9000', 10_000])
    expect(feed.history.get('t-1')?.modules).toHaveLength(10_000)
  })

  it('of a slow reader is a bounded amount: it is dropped, and the others are told on', async () => {
    const { look, announcer, clock, feed } = createFeed()
    const [slow, quick] = [look(), look()]
    slow.response.isSlow = true
    let most = 0
    for (let times = 0; times < 100 && !slow.response.destroyed; times += 1) {
      for (let many = 0; many < 50; many += 1) {
        announcer.announce({ kind: 'reported', failure: reportedFailure('x'.repeat(1_000)), at: times })
      }
      await clock.advance(100)
      most = Math.max(most, slow.response.writableLength)
    }
    expect(slow.response.destroyed).toBe(true)
    expect(most).toBeLessThan(1_100_000)
    expect([feed.viewers, quick.response.destroyed]).toEqual([1, false])
  })
})
