import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Failure, TransactionRecord } from 'changeover'
import { createVirtualClock } from 'changeover/testing'
import { Feed } from '../../../src/inspect/stream/broadcaster.ts'
import { observationOf } from '../../../src/api/observed.ts'
import { fakeReloader, framesOf, type Told } from '../fake-reloader.ts'

/** A response whose reader takes in what it gets, at once; `isSlow` has it take in nothing. */
class FakeResponse extends EventEmitter {
  text = ''
  writableLength = 0
  writableEnded = false
  destroyed = false
  isSlow = false

  writeHead(): this {
    return this
  }

  write(chunk: string): boolean {
    if (this.isSlow) this.writableLength += chunk.length
    else this.text += chunk
    return true
  }

  end(): this {
    this.writableEnded = true
    this.emit('close')
    return this
  }

  destroy(): this {
    this.destroyed = true
    this.emit('close')
    return this
  }
}

/** A feed on a reloader of which the test says what happens, in virtual time. */
export const createFeed = () => {
  const clock = createVirtualClock({ startAt: 1_000 })
  const fake = fakeReloader()
  const observation = observationOf(fake.reloader)
  const feed = new Feed(observation, { clock, actions: ['reload'] })
  const look = (lastEventId?: number | string) => {
    const response = new FakeResponse()
    feed.open(response as unknown as ServerResponse, lastEventId?.toString(), 'csrf')
    const told = (): Told[] => framesOf(response.text)
    return {
      response,
      told,
      events: (): string[] => told().map(({ event }) => event),
      last: (event: string) =>
        told()
          .filter((one) => one.event === event)
          .at(-1)?.data,
      lastId: (): number => told().at(-1)?.id ?? -1,
      leave: (): void => void response.destroy(),
    }
  }
  return { clock, feed, look, observation, ...fake }
}

/** What a reloader says of a transaction with modules `a` and `b`, step by step. */
export const storyOf = (number: number) => {
  const transaction = `t-${number}`
  const began = { kind: 'began', transaction, epoch: number, trigger: 'change', at: 1_000 + number } as const
  const revision = { lineage: 'l', order: number, name: String(number) }
  const modules = [
    { module: 'a', change: 'replace', after: [] },
    { module: 'b', change: 'replace', after: ['a'] },
  ] as const
  const diff = { differences: [{ path: 'a.value', change: 'changed' }], count: 1 } as const
  const planned = { kind: 'planned', transaction, revision, digest: `d${number}`, modules, diff, atMs: 2 } as const
  const phase = (
    module: string,
    name: 'prepare' | 'commit' | 'check' | 'rollback' | 'close',
    startMs: number,
    endMs?: number,
    result: 'done' | 'failed' = 'done',
  ) =>
    ({
      kind: 'phase',
      transaction,
      module,
      phase: name,
      startMs,
      ...(endMs === undefined ? {} : { ended: { atMs: endMs, result } }),
    }) as const
  const record = (outcome: 'committed' | 'superseded' | 'unchanged' | 'aborted' = 'committed'): TransactionRecord => ({
    id: transaction,
    epoch: number,
    trigger: 'change',
    revision,
    digest: `d${number}`,
    startedAt: 1_000 + number,
    durationMs: 10,
    modules: modules.map((module) => ({
      ...module,
      phases: [{ phase: 'prepare', startMs: 2, durationMs: 3, result: 'done' }],
    })),
    outcome,
  })
  const ended = (outcome?: Parameters<typeof record>[0]) => ({ kind: 'record', record: record(outcome) }) as const
  return { transaction, began, planned, phase, record, ended }
}

export const reportedFailure = (message: string): Failure => ({ code: 'module.close-failed', message, hint: 'None.' })
