import { describe, expect, it } from 'vitest'
import { reportedEvent, transactionEvents } from '../transaction-events.ts'
import { createBroadcaster, createBroadcasterOfMachine } from './broadcaster-fixture.ts'

describe('A stream', () => {
  it('begins with everything that is known', () => {
    const { connect, emit, setStatus } = createBroadcasterOfMachine()
    for (const number of [1, 2]) {
      const { began, planned, ended } = transactionEvents(number)
      emit(began, planned, ended())
    }
    emit(reportedEvent('late', 5))
    setStatus({ state: 'committed' })
    const page = connect()
    expect(page.names()).toEqual(['hello'])
    expect(page.last('hello')).toMatchObject({
      status: { state: 'committed' },
      machines: { reload: { state: 'idle' } },
      transactions: [
        { id: 't-1', outcome: 'committed', changes: 2 },
        { id: 't-2', outcome: 'committed', changes: 2 },
      ],
      current: { id: 't-2', diff: { count: 1 }, modules: [{ module: 'a' }, { module: 'b', after: ['a'] }] },
      reported: [{ code: 'module.close-failed', at: 5 }],
      actions: ['reload'],
      csrfToken: 'csrf',
      now: 1_000,
    })
    // The list holds summaries, not two hundred whole transactions.
    expect(page.last('hello').transactions[0]).not.toHaveProperty('modules')
  })

  it('sends the whole transaction at each change, while it runs and while it closes generations afterwards', async () => {
    const { connect, emit, clock } = createBroadcaster()
    const page = connect()
    const { began, planned, phase, ended } = transactionEvents(1)
    const steps = [
      [began, planned, phase('a', 'prepare', 2)],
      [phase('a', 'prepare', 2, 5)],
      [ended()],
      [phase('a', 'close', 11)],
    ]
    const seen: unknown[] = []
    for (const step of steps) {
      emit(...step)
      await clock.advance(100)
      seen.push(page.last('transaction').outcome, page.last('transaction').modules[0].phases)
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

  it('sends a transaction at most ten times a second, and the status at most four times', async () => {
    const { connect, emit, clock, setStatus } = createBroadcaster()
    const page = connect()
    const { began, planned, phase } = transactionEvents(1)
    emit(began)
    emit(planned)
    for (let ms = 0; ms < 1_000; ms += 1) {
      setStatus({ since: ms })
      emit(phase('a', 'check', ms))
      emit(phase('a', 'check', ms, ms + 1))
      await clock.advance(1)
    }
    const count = (event: string): number => page.names().filter((one) => one === event).length
    expect(count('transaction')).toBe(10)
    expect(count('status')).toBe(4)
  })

  it('omits a status that has not changed', async () => {
    const { connect, emit, clock } = createBroadcaster()
    const page = connect()
    for (let times = 0; times < 5; times += 1) {
      emit(reportedEvent('late', times))
      await clock.advance(1_000)
    }
    expect(page.names().filter((event) => event === 'status')).toHaveLength(1)
    expect(page.names().filter((event) => event === 'reported')).toHaveLength(5)
  })

  it('merges quick steps of a machine into one event with all transitions in order', async () => {
    const { connect, step, clock } = createBroadcasterOfMachine()
    const page = connect()
    for (const name of ['fetching', 'validating', 'preparing']) step(name)
    await clock.advance(40)
    const states = page.events().filter(({ event }) => event === 'state')
    expect(states).toHaveLength(1)
    expect(states[0]?.data.state).toBe('preparing')
    expect(states[0]?.data.taken.flatMap(({ targets }: { targets: string[] }) => targets)).toEqual([
      'reload.fetching',
      'reload.validating',
      'reload.preparing',
    ])
  })

  it('survives a status that throws', async () => {
    const { connect, emit, clock, observation } = createBroadcaster()
    const page = connect()
    Object.assign(observation, {
      status: () => {
        throw new Error('hostile')
      },
    })
    emit(transactionEvents(1).began)
    await clock.advance(1_000) // It would reject if a timer threw.
    expect(page.names()).toEqual(['hello', 'transaction'])
  })

  it('sends a heartbeat every fifteen seconds', async () => {
    const { connect, clock } = createBroadcaster()
    const page = connect()
    await clock.advance(60_000)
    // It has no id, so that a page that reconnects resumes after the last real event.
    expect(page.response.text.split('\n\n').filter((frame) => frame === 'event: heartbeat\ndata: {}')).toHaveLength(4)
  })
})

describe('A stream that resumes', () => {
  it('gets exactly the events that it missed, and only the last one about each transaction', async () => {
    const { connect, emit, clock } = createBroadcaster()
    const [first, second] = [connect(), connect()]
    const [one, two] = [transactionEvents(1), transactionEvents(2)]
    emit(one.began)
    await clock.advance(1_000)
    const seen = first.lastId()
    first.close()
    for (const event of [one.planned, one.ended(), two.began]) {
      emit(event)
      await clock.advance(1_000)
    }
    const back = connect(seen)
    expect(back.names()).not.toContain('hello')
    const missed = second.events().filter(({ id }) => id > seen)
    const last = missed.filter(
      ({ event, data }, at) =>
        !missed.slice(at + 1).some((later) => later.event === event && later.data.id === data.id),
    )
    expect(last.map(({ data }) => data.id)).toEqual(['t-1', 't-2'])
    expect(back.events()).toEqual(last)
  })

  it('gets nothing if it missed nothing', async () => {
    const { connect, emit, clock } = createBroadcaster()
    const page = connect()
    emit(transactionEvents(1).began)
    await clock.advance(1_000)
    page.close()
    expect(connect(page.lastId()).events()).toEqual([])
  })

  /** Closes the only page, commits a transaction after a while, and opens a page that resumes. */
  const resumeAfter = async (ms: number) => {
    const { connect, emit, clock } = createBroadcaster()
    const page = connect()
    emit(transactionEvents(1).began)
    await clock.advance(1_000)
    page.close()
    await clock.advance(ms)
    emit(transactionEvents(1).ended())
    await clock.advance(1_000)
    return connect(page.lastId())
  }

  it('misses nothing if no page was open for less than half a minute', async () => {
    const page = await resumeAfter(28_000)
    expect([page.names(), page.last('transaction')?.outcome]).toEqual([['transaction'], 'committed'])
  })

  it('starts over if no page was open for half a minute, because events are missing', async () => {
    const page = await resumeAfter(30_000)
    expect([page.names(), page.last('hello').current.outcome]).toEqual([['hello'], 'committed'])
  })

  it.each(['999', '-1', '1e3', 'abc', '', '1'.repeat(400)])(
    'starts over if its last event id is unknown: "%s"',
    async (id) => {
      const { connect, emit, clock } = createBroadcaster()
      connect()
      emit(transactionEvents(1).began)
      await clock.advance(1_000)
      expect(connect(id).names()).toEqual(['hello'])
    },
  )

  it('starts over if its last event has left the replay buffer', async () => {
    const { connect, emit, clock } = createBroadcaster()
    const page = connect()
    emit(reportedEvent('first', 0))
    await clock.advance(1_000)
    const seen = page.lastId()
    for (let times = 0; times < 60; times += 1) {
      for (let many = 0; many < 50; many += 1) emit(reportedEvent('x', 1))
      await clock.advance(100)
    }
    expect(connect(seen).names()).toEqual(['hello'])
    expect(connect(page.lastId() - 100).names()).toHaveLength(100)
  })
})

describe('Without an open page', () => {
  it('the broadcaster observes no machine and reads no status, before the first page and after the last', async () => {
    const { connect, emit, clock, counts, observation } = createBroadcasterOfMachine()
    let reads = 0
    const { status } = observation
    Object.assign(observation, {
      status: () => {
        reads += 1
        return status()
      },
    })
    const run = async (number: number): Promise<void> => {
      const { began, planned, ended } = transactionEvents(number)
      emit(began, planned, ended())
      await clock.advance(1_000)
    }
    await run(1)
    expect([counts.attached, reads, clock.pending()]).toEqual([0, 0, 0])
    const pages = [connect(), connect()]
    await run(2)
    expect(counts.attached).toBe(1)
    expect(reads).toBeGreaterThan(0)
    for (const { close } of pages) close()
    expect(counts.attached).toBe(1) // A page that reconnects misses nothing.
    await clock.advance(30_000)
    reads = 0
    await run(3)
    expect([counts.attached, reads, clock.pending()]).toEqual([0, 0, 0])
    expect(connect().last('hello').transactions).toHaveLength(3)
  })
})

describe('The broadcaster', () => {
  it('ends all streams when the reloader closes, and still shows the past to later pages', async () => {
    const { connect, emit, clock, setStatus, broadcaster } = createBroadcasterOfMachine()
    const page = connect()
    emit(transactionEvents(1).began)
    setStatus({ state: 'closed' })
    emit(transactionEvents(1).ended('aborted'))
    emit({ kind: 'closed' })
    expect(page.last('transaction').outcome).toBe('aborted')
    expect(page.last('status').state).toBe('closed')
    expect(page.last('end')).toEqual({ reason: 'reloader.closed' })
    expect([page.response.writableEnded, broadcaster.connectionCount]).toEqual([true, 0])
    const late = connect()
    expect(late.names()).toEqual(['hello', 'end'])
    expect(late.last('hello')).toMatchObject({ status: { state: 'closed' }, machines: { reload: {} }, actions: [] })
    expect(late.response.writableEnded).toBe(true)
    await clock.advance(60_000)
    expect(clock.pending()).toBe(0)
  })

  it('ends all streams when the inspector closes, and stops observing', async () => {
    const { connect, isObserved, broadcaster, clock, counts } = createBroadcasterOfMachine()
    const page = connect()
    expect(isObserved()).toBe(true)
    broadcaster.close('inspector.closed')
    broadcaster.close('inspector.closed')
    expect(page.names()).toEqual(['hello', 'end'])
    expect([isObserved(), counts.attached, clock.pending()]).toEqual([false, 0, 0])
  })
})

describe('The broadcaster bounds', () => {
  it('the number of transactions to the last two hundred', () => {
    const { connect, emit } = createBroadcaster()
    for (let number = 1; number <= 250; number += 1) {
      const { began, ended } = transactionEvents(number)
      emit(began, ended())
    }
    const { transactions, current } = connect().last('hello')
    expect(transactions.map(({ epoch }: { epoch: number }) => epoch)).toEqual(
      Array.from({ length: 200 }, (_, at) => 51 + at),
    )
    expect(current.epoch).toBe(250)
  })

  it('the number of modules of all transactions together to fifty thousand', () => {
    const { broadcaster, emit } = createBroadcaster()
    for (let number = 1; number <= 10; number += 1) {
      const { began, planned } = transactionEvents(number)
      const modules = Array.from({ length: 9_000 }, (_, at) => ({
        module: `m${at}`,
        change: 'open' as const,
        after: [],
      }))
      emit(began, { ...planned, modules })
    }
    expect(broadcaster.history.summaries.map(({ epoch }) => epoch)).toEqual([6, 7, 8, 9, 10])
  })

  it('the number of modules that it sends, and keeps those that failed', async () => {
    const { connect, emit, clock, broadcaster } = createBroadcaster()
    const page = connect()
    const { began, planned, phase } = transactionEvents(1)
    const modules = Array.from({ length: 10_000 }, (_, at) => ({
      module: `m${at}`,
      change: 'open' as const,
      after: [],
    }))
    emit(began, { ...planned, modules })
    emit(phase('m9000', 'prepare', 1))
    emit(phase('m9000', 'prepare', 1, 2, 'failed'))
    await clock.advance(1_000)
    const { modules: sent, changes } = page.last('transaction')
    expect([sent.length, sent.at(-1).module, changes]).toEqual([251, 'm9000', 10_000])
    expect(broadcaster.history.get('t-1')?.modules).toHaveLength(10_000)
  })

  it('the bytes that a slow client leaves unread: it disconnects that client only', async () => {
    const { connect, emit, clock, broadcaster } = createBroadcaster()
    const [slow, quick] = [connect(), connect()]
    slow.response.isSlow = true
    let most = 0
    for (let times = 0; times < 100 && !slow.response.destroyed; times += 1) {
      for (let many = 0; many < 50; many += 1) {
        emit(reportedEvent('x'.repeat(1_000), times))
      }
      await clock.advance(100)
      most = Math.max(most, slow.response.writableLength)
    }
    expect(slow.response.destroyed).toBe(true)
    expect(most).toBeLessThan(1_100_000)
    expect([broadcaster.connectionCount, quick.response.destroyed]).toEqual([1, false])
  })
})
