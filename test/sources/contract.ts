import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isSameRevision, type Revision } from '../../src/model/revision.ts'
import { SourceError, type Document, type ReadResult, type Source, type SourceEvent } from '../../src/api/source.ts'

/** A source under test with the hands that change what it reads. */
export interface SourceWorld {
  readonly source: Source
  readonly put: (content: string | Uint8Array) => unknown
  readonly remove: () => unknown
  /** Breaks all open watches from outside, and keeps them broken where `mend` is given. */
  readonly breakWatch: () => unknown
  /** Lets reads and watches work again after `breakWatch`. */
  readonly mend?: () => unknown
  /** How much of the source's own (watches, watchers, timers) is still alive; 0 is asked for after `close`. */
  readonly leftovers?: () => number
  /** Takes down what the harness made. The source is closed by the suite, before it. */
  readonly dispose: () => unknown
}

/** Makes a fresh world, with no document in it, for each test. */
export interface SourceHarness {
  readonly make: () => Promise<SourceWorld>
}

/** A limit for what must come; nothing here waits this long unless it is broken. */
const SOON = { timeout: 20_000, interval: 10 }

const decode = (content: string | Uint8Array): string =>
  typeof content === 'string' ? content : Buffer.from(content).toString('utf8')

const contentOf = (reading: SourceEvent): string | undefined =>
  reading.kind === 'document' ? decode(reading.content) : undefined

const asDocument = (reading: ReadResult): Document => {
  if (reading.kind !== 'document') throw new Error(`read ${reading.kind} where a document was put`)
  return reading
}

const never = new AbortController().signal

/** One watch, consumed as fast as it reports. */
interface Follower {
  readonly events: SourceEvent[]
  readonly abort: () => void
  /** How the iteration went out: nothing while it runs, `end`, or what it threw. */
  readonly outcome: () => unknown
}

const follow = (source: Source, after: Revision): Follower => {
  const controller = new AbortController()
  const events: SourceEvent[] = []
  let outcome: unknown
  const run = async (): Promise<void> => {
    for await (const event of source.watch(after, controller.signal)) events.push(event)
  }
  run().then(
    () => {
      outcome = 'end'
    },
    (error: unknown) => {
      outcome = error
    },
  )
  return { events, abort: () => controller.abort(), outcome: () => outcome }
}

const opened = (follower: Follower): Promise<void> =>
  vi.waitFor(() => {
    if (follower.outcome() !== undefined) expect(follower.outcome()).toBe('still running')
    expect(follower.events[0]?.kind).toBe('opened')
  }, SOON)

/** True where the last thing that was reported is `text`, or says that a read will tell, and the read does. */
const knows = async (source: Source, events: readonly SourceEvent[], text: string | undefined): Promise<boolean> => {
  const last = events.findLast((event) => event.kind !== 'opened')
  if (last === undefined) return false
  const told = last.kind === 'changed' ? await source.read(never) : last
  return text === undefined ? told.kind === 'missing' : contentOf(told) === text
}

const learns = (source: Source, follower: Follower, text: string | undefined): Promise<void> =>
  vi.waitFor(async () => expect(await knows(source, follower.events, text)).toBe(true), SOON)

/** The promises that every source keeps, whatever it reads from. */
export const describeSourceContract = (name: string, harness: SourceHarness): void => {
  describe(`${name} keeps the contract of a source`, () => {
    let world: SourceWorld
    let source: Source
    let resources: number
    const followers: Follower[] = []

    const watch = (after: Revision): Follower => {
      const follower = follow(source, after)
      followers.push(follower)
      return follower
    }
    const start = async (): Promise<{ follower: Follower; reading: ReadResult }> => {
      const reading = await source.read(never)
      const follower = watch(reading.revision)
      await opened(follower)
      return { follower, reading }
    }
    const heldResources = (): number =>
      process.getActiveResourcesInfo().filter((kind) => /fsevent|statwatcher|tcpsocket|http2/i.test(kind)).length

    let isClosed = false
    const close = async (): Promise<void> => {
      if (isClosed) return
      isClosed = true
      await source.close?.()
    }

    beforeEach(async () => {
      resources = heldResources()
      world = await harness.make()
      source = world.source
      isClosed = false
    })
    afterEach(async () => {
      for (const follower of followers.splice(0)) follower.abort()
      await close()
      await world.dispose()
    })

    describe('a read', () => {
      it('says missing where there is nothing', async () => {
        const reading = await source.read(never)
        expect(reading.kind).toBe('missing')
        expect(reading.revision.lineage).not.toBe('')
      })

      it('gives the document with its revision', async () => {
        await world.put('{"level":"info"}')
        const document = asDocument(await source.read(never))
        expect(decode(document.content)).toBe('{"level":"info"}')
        expect(Number.isSafeInteger(document.revision.order)).toBe(true)
        expect(document.revision.name).not.toBe('')
      })

      it('names the same document the same, and another one otherwise, with a higher order', async () => {
        let previous: Document | undefined
        for (const text of ['{"n":1}', '{"n":2}', '{"n":3}']) {
          await world.put(text)
          const first = asDocument(await source.read(never))
          const second = asDocument(await source.read(never))
          expect(decode(first.content)).toBe(text)
          expect(isSameRevision(first.revision, second.revision)).toBe(true)
          expect(second.revision.order).toBeGreaterThanOrEqual(first.revision.order)
          if (previous !== undefined) {
            expect(first.revision.lineage).toBe(previous.revision.lineage)
            expect(first.revision.order).toBeGreaterThan(previous.revision.order)
            expect(first.revision.name).not.toBe(previous.revision.name)
          }
          previous = first
        }
      })

      it('gives a later revision to a document that was removed and put again', async () => {
        await world.put('{"n":1}')
        const before = await source.read(never)
        await world.remove()
        const gone = await source.read(never)
        await world.put('{"n":1}')
        const after = asDocument(await source.read(never))
        expect(gone.kind).toBe('missing')
        expect(gone.revision.order).toBeGreaterThan(before.revision.order)
        expect(after.revision.order).toBeGreaterThan(gone.revision.order)
      })

      it('hands an empty document over as a document', async () => {
        await world.put('')
        expect(decode(asDocument(await source.read(never)).content)).toBe('')
      })

      it('hands bytes over as they are, also those that are no UTF-8', async () => {
        const bytes = Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0xc3, 0x28, 0x00, 0x22, 0x7d)
        await world.put(bytes)
        const { content } = asDocument(await source.read(never))
        expect(content).toBeInstanceOf(Uint8Array)
        expect(Buffer.from(content as Uint8Array).equals(bytes)).toBe(true)
      })

      it('gives a document of 1 MB whole', async () => {
        const text = JSON.stringify({ text: 'é'.repeat(500_000) })
        await world.put(text)
        expect(decode(asDocument(await source.read(never)).content) === text).toBe(true)
      })

      it('settles when its signal has aborted already, and when it aborts on the way', async () => {
        await world.put('{}')
        const outcomes = await Promise.allSettled([source.read(AbortSignal.abort()), abortedOnTheWay(source)])
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SourceError)
        }
      })

      it('works many times side by side', async () => {
        await world.put('{"n":1}')
        const readings = await Promise.all(Array.from({ length: 50 }, () => source.read(new AbortController().signal)))
        expect(new Set(readings.map((reading) => reading.revision.name)).size).toBe(1)
        expect(readings.every((reading) => contentOf(reading) === '{"n":1}')).toBe(true)
      })
    })

    describe('a watch', () => {
      it('says opened first, with a document and without one', async () => {
        const empty = await start()
        expect(empty.reading.kind).toBe('missing')
        await world.put('{}')
        const full = await start()
        expect(full.reading.kind).toBe('document')
      })

      it('reports a put after its revision', async () => {
        await world.put('{"n":1}')
        const { follower } = await start()
        await world.put('{"n":2}')
        await learns(source, follower, '{"n":2}')
      })

      it('reports the first document that is ever put', async () => {
        const { follower } = await start()
        await world.put('{"n":1}')
        await learns(source, follower, '{"n":1}')
      })

      it('loses no put between the read and the watch', async () => {
        await world.put('{"n":1}')
        const reading = await source.read(never)
        await world.put('{"n":2}')
        const follower = watch(reading.revision)
        await opened(follower)
        const found = contentOf(await source.read(never))
        if (found !== '{"n":2}') await learns(source, follower, '{"n":2}')
      })

      it('reports a remove, and a put after it', async () => {
        await world.put('{"n":1}')
        const { follower } = await start()
        await world.remove()
        await learns(source, follower, undefined)
        await world.put('{"n":1}')
        await learns(source, follower, '{"n":1}')
      })

      it('reports documents under the revision under which a read finds them', async () => {
        const { follower } = await start()
        await world.put('{"n":1}')
        await learns(source, follower, '{"n":1}')
        const reported = follower.events.findLast((event) => event.kind === 'document')
        const reading = await source.read(never)
        if (reported?.kind === 'document') expect(isSameRevision(reported.revision, reading.revision)).toBe(true)
      })

      it('never goes back in order', async () => {
        const { follower } = await start()
        for (let n = 1; n <= 20; n++) await world.put(`{"n":${n}}`)
        await learns(source, follower, '{"n":20}')
        const orders = follower.events.flatMap((event) => ('revision' in event ? [event.revision.order] : []))
        expect(orders).toEqual(orders.toSorted((a, b) => a - b))
      })

      it('gives a slow consumer the newest and does not pile up what came between', async () => {
        const puts = 200
        const { follower, reading } = await start()
        const controller = new AbortController()
        const slow = source.watch(reading.revision, controller.signal)[Symbol.asyncIterator]()
        expect((await slow.next()).value).toEqual({ kind: 'opened' })
        for (let n = 1; n <= puts; n++) await world.put(`{"n":${n}}`)
        // The quick watch has it, so the slow one's own has arrived, or as good as.
        await learns(source, follower, `{"n":${puts}}`)
        const taken: SourceEvent[] = []
        while (!(await knows(source, taken, `{"n":${puts}}`))) {
          const { value } = await slow.next()
          if (value !== undefined) taken.push(value)
        }
        expect(taken.length).toBeLessThan(puts / 10)
        controller.abort()
      })

      it('is not held up by another whose consumer hangs', async () => {
        const reading = await source.read(never)
        const hanging = source.watch(reading.revision, never)[Symbol.asyncIterator]()
        await hanging.next()
        const follower = watch(reading.revision)
        await opened(follower)
        for (let n = 1; n <= 20; n++) await world.put(`{"n":${n}}`)
        await learns(source, follower, '{"n":20}')
      })

      it('works beside a second one, and goes on when that ends', async () => {
        await world.put('{"n":1}')
        const first = await start()
        const second = await start()
        await world.put('{"n":2}')
        await learns(source, first.follower, '{"n":2}')
        await learns(source, second.follower, '{"n":2}')
        second.follower.abort()
        await vi.waitFor(() => expect(second.follower.outcome()).toBe('end'), SOON)
        await world.put('{"n":3}')
        await learns(source, first.follower, '{"n":3}')
      })

      it('ends without an error when its signal aborts', async () => {
        const { follower } = await start()
        expect(follower.outcome()).toBeUndefined()
        follower.abort()
        await vi.waitFor(() => expect(follower.outcome()).toBe('end'), SOON)
      })

      it('reports nothing when its signal has aborted already', async () => {
        const { revision } = await source.read(never)
        const events: SourceEvent[] = []
        for await (const event of source.watch(revision, AbortSignal.abort())) events.push(event)
        expect(events).toEqual([])
      })

      it('can be left in the middle and opened again', async () => {
        await world.put('{"n":1}')
        const { revision } = await source.read(never)
        for (let round = 0; round < 5; round++) {
          for await (const event of source.watch(revision, never)) {
            expect(event.kind).toBe('opened')
            break
          }
        }
        const { follower } = await start()
        await world.put('{"n":2}')
        await learns(source, follower, '{"n":2}')
      })
    })

    it('breaks with a SourceError that has a code, and a new watch works', async () => {
      await world.put('{"n":1}')
      const { follower } = await start()
      await world.breakWatch()
      await vi.waitFor(() => expect(follower.outcome()).toBeInstanceOf(SourceError), SOON)
      expect((follower.outcome() as SourceError).code).toMatch(/^source\.[a-z]+$/)
      await world.mend?.()
      const { revision } = await vi.waitFor(() => source.read(never), SOON)
      const next = watch(revision)
      await opened(next)
      await world.put('{"n":2}')
      await learns(source, next, '{"n":2}')
    })

    it('leaves nothing behind after close, though watches were open and a consumer hung', async () => {
      const { follower, reading } = await start()
      const hanging = source.watch(reading.revision, never)[Symbol.asyncIterator]()
      await hanging.next()
      await close()
      await vi.waitFor(() => expect(follower.outcome()).toBeDefined(), SOON)
      if (follower.outcome() !== 'end') expect(follower.outcome()).toBeInstanceOf(SourceError)
      if (world.leftovers !== undefined) await vi.waitFor(() => expect(world.leftovers?.()).toBe(0), SOON)
      await vi.waitFor(() => expect(heldResources()).toBeLessThanOrEqual(resources), SOON)
      await expect(source.read(never)).rejects.toBeInstanceOf(SourceError)
      const late = follow(source, reading.revision)
      await vi.waitFor(() => expect(late.outcome()).toBeDefined(), SOON)
    })
  })
}

const abortedOnTheWay = async (source: Source): Promise<ReadResult> => {
  const controller = new AbortController()
  const reading = source.read(controller.signal)
  controller.abort()
  return reading
}
