import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isSameRevision, type Revision } from '../../src/model/revision.ts'
import { SourceError, type Document, type ReadResult, type Source, type SourceEvent } from '../../src/api/source.ts'
import { asDocument, decode, follow, followOpened, never, SOON, textOf, type Followed } from './follow.ts'

/** A source under test, with the functions that change its document. */
export interface SourceSetup {
  readonly source: Source
  readonly put: (content: string | Uint8Array) => unknown
  readonly remove: () => unknown
  /** Breaks all open watches. With `mend`, reads and watches fail until that is called. */
  readonly breakWatch: () => unknown
  /** Lets reads and watches work again after `breakWatch`. */
  readonly mend?: () => unknown
  /** How many of the source's watches, watchers and timers are still alive; must be 0 after `close`. */
  readonly leftovers?: () => number
  /** Removes what the harness made. The suite closes the source before it. */
  readonly dispose: () => unknown
}

/** Makes a fresh setup without a document, for each test. */
export interface SourceHarness {
  readonly make: () => Promise<SourceSetup>
}

/** True if `text` was reported last, or if a change was and a read finds `text`. */
const knows = async (source: Source, events: readonly SourceEvent[], text: string | undefined): Promise<boolean> => {
  const last = events.findLast((event) => event.kind !== 'opened')
  if (last === undefined) return false
  const found = last.kind === 'changed' ? await source.read(never) : last
  return text === undefined ? found.kind === 'missing' : textOf(found) === text
}

const learns = (source: Source, follower: Followed, text: string | undefined): Promise<void> =>
  vi.waitFor(async () => expect(await knows(source, follower.events, text)).toBe(true), SOON)

/** Declares the tests that every source must pass. */
export const describeSourceContract = (name: string, harness: SourceHarness): void => {
  describe(`${name} fulfils the contract of a source`, () => {
    let setup: SourceSetup
    let source: Source
    let resources: number
    const followers: Followed[] = []

    const watch = async (after: Revision): Promise<Followed> => {
      const follower = await followOpened(source, after)
      followers.push(follower)
      return follower
    }
    const start = async (): Promise<{ follower: Followed; found: ReadResult }> => {
      const found = await source.read(never)
      return { follower: await watch(found.revision), found }
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
      setup = await harness.make()
      source = setup.source
      isClosed = false
    })
    afterEach(async () => {
      for (const follower of followers.splice(0)) void follower.stop()
      await close()
      await setup.dispose()
    })

    describe('a read', () => {
      it('finds missing if there is no document', async () => {
        const found = await source.read(never)
        expect(found.kind).toBe('missing')
        expect(found.revision.lineage).not.toBe('')
      })

      it('finds the document with its revision', async () => {
        await setup.put('{"level":"info"}')
        const document = asDocument(await source.read(never))
        expect(decode(document.content)).toBe('{"level":"info"}')
        expect(Number.isSafeInteger(document.revision.order)).toBe(true)
        expect(document.revision.name).not.toBe('')
      })

      it('gives the same document the same name, and another document another name and a higher order', async () => {
        let previous: Document | undefined
        for (const text of ['{"n":1}', '{"n":2}', '{"n":3}']) {
          await setup.put(text)
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
        await setup.put('{"n":1}')
        const before = await source.read(never)
        await setup.remove()
        const gone = await source.read(never)
        await setup.put('{"n":1}')
        const after = asDocument(await source.read(never))
        expect(gone.kind).toBe('missing')
        expect(gone.revision.order).toBeGreaterThan(before.revision.order)
        expect(after.revision.order).toBeGreaterThan(gone.revision.order)
      })

      it('finds an empty document as a document', async () => {
        await setup.put('')
        expect(decode(asDocument(await source.read(never)).content)).toBe('')
      })

      it('finds bytes as they are, even if they are not UTF-8', async () => {
        const bytes = Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0xc3, 0x28, 0x00, 0x22, 0x7d)
        await setup.put(bytes)
        const { content } = asDocument(await source.read(never))
        expect(content).toBeInstanceOf(Uint8Array)
        expect(Buffer.from(content as Uint8Array).equals(bytes)).toBe(true)
      })

      it('finds the whole of a document of 1 MB', async () => {
        const text = JSON.stringify({ text: 'é'.repeat(500_000) })
        await setup.put(text)
        expect(decode(asDocument(await source.read(never)).content) === text).toBe(true)
      })

      it('settles if its signal has already aborted, and if it aborts during the read', async () => {
        await setup.put('{}')
        const outcomes = await Promise.allSettled([source.read(AbortSignal.abort()), abortedRead(source)])
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SourceError)
        }
      })

      it('works many times in parallel', async () => {
        await setup.put('{"n":1}')
        const results = await Promise.all(Array.from({ length: 50 }, () => source.read(new AbortController().signal)))
        expect(new Set(results.map(({ revision }) => revision.name)).size).toBe(1)
        expect(results.every((result) => textOf(result) === '{"n":1}')).toBe(true)
      })
    })

    describe('a watch', () => {
      it('reports opened first, with a document and without one', async () => {
        const empty = await start()
        expect(empty.found.kind).toBe('missing')
        await setup.put('{}')
        const full = await start()
        expect(full.found.kind).toBe('document')
      })

      it('reports a put that comes after its revision', async () => {
        await setup.put('{"n":1}')
        const { follower } = await start()
        await setup.put('{"n":2}')
        await learns(source, follower, '{"n":2}')
      })

      it('reports the first document that is ever put', async () => {
        const { follower } = await start()
        await setup.put('{"n":1}')
        await learns(source, follower, '{"n":1}')
      })

      it('loses no put between the read and the watch', async () => {
        await setup.put('{"n":1}')
        const found = await source.read(never)
        await setup.put('{"n":2}')
        const follower = await watch(found.revision)
        const text = textOf(await source.read(never))
        if (text !== '{"n":2}') await learns(source, follower, '{"n":2}')
      })

      it('reports a remove, and a put after it', async () => {
        await setup.put('{"n":1}')
        const { follower } = await start()
        await setup.remove()
        await learns(source, follower, undefined)
        await setup.put('{"n":1}')
        await learns(source, follower, '{"n":1}')
      })

      it('reports a document with the revision that a read finds', async () => {
        const { follower } = await start()
        await setup.put('{"n":1}')
        await learns(source, follower, '{"n":1}')
        const reported = follower.events.findLast((event) => event.kind === 'document')
        const found = await source.read(never)
        if (reported?.kind === 'document') expect(isSameRevision(reported.revision, found.revision)).toBe(true)
      })

      it('never reports a lower order than before', async () => {
        const { follower } = await start()
        for (let n = 1; n <= 20; n++) await setup.put(`{"n":${n}}`)
        await learns(source, follower, '{"n":20}')
        const orders = follower.events.flatMap((event) => ('revision' in event ? [event.revision.order] : []))
        expect(orders).toEqual(orders.toSorted((a, b) => a - b))
      })

      it('gives a slow consumer the newest document, and does not queue those in between', async () => {
        const puts = 200
        const { follower, found } = await start()
        const controller = new AbortController()
        const slow = source.watch(found.revision, controller.signal)[Symbol.asyncIterator]()
        expect((await slow.next()).value).toEqual({ kind: 'opened' })
        for (let n = 1; n <= puts; n++) await setup.put(`{"n":${n}}`)
        // The other watch has it, so it has arrived for the slow one too, or nearly.
        await learns(source, follower, `{"n":${puts}}`)
        const taken: SourceEvent[] = []
        while (!(await knows(source, taken, `{"n":${puts}}`))) {
          const { value } = await slow.next()
          if (value !== undefined) taken.push(value)
        }
        expect(taken.length).toBeLessThan(puts / 10)
        controller.abort()
      })

      it('is not delayed by another watch whose consumer hangs', async () => {
        const found = await source.read(never)
        const hanging = source.watch(found.revision, never)[Symbol.asyncIterator]()
        await hanging.next()
        const follower = await watch(found.revision)
        for (let n = 1; n <= 20; n++) await setup.put(`{"n":${n}}`)
        await learns(source, follower, '{"n":20}')
      })

      it('works beside a second watch, and continues when that ends', async () => {
        await setup.put('{"n":1}')
        const first = await start()
        const second = await start()
        await setup.put('{"n":2}')
        await learns(source, first.follower, '{"n":2}')
        await learns(source, second.follower, '{"n":2}')
        void second.follower.stop()
        await vi.waitFor(() => expect(second.follower.outcome()).toBe('end'), SOON)
        await setup.put('{"n":3}')
        await learns(source, first.follower, '{"n":3}')
      })

      it('ends without an error when its signal aborts', async () => {
        const { follower } = await start()
        expect(follower.outcome()).toBeUndefined()
        void follower.stop()
        await vi.waitFor(() => expect(follower.outcome()).toBe('end'), SOON)
      })

      it('reports nothing if its signal has already aborted', async () => {
        const { revision } = await source.read(never)
        const events: SourceEvent[] = []
        for await (const event of source.watch(revision, AbortSignal.abort())) events.push(event)
        expect(events).toEqual([])
      })

      it('can be left in the middle and opened again', async () => {
        await setup.put('{"n":1}')
        const { revision } = await source.read(never)
        for (let round = 0; round < 5; round++) {
          for await (const event of source.watch(revision, never)) {
            expect(event.kind).toBe('opened')
            break
          }
        }
        const { follower } = await start()
        await setup.put('{"n":2}')
        await learns(source, follower, '{"n":2}')
      })
    })

    it('breaks a watch with a SourceError that has a code, and a new watch works', async () => {
      await setup.put('{"n":1}')
      const { follower } = await start()
      await setup.breakWatch()
      await vi.waitFor(() => expect(follower.outcome()).toBeInstanceOf(SourceError), SOON)
      expect((follower.outcome() as SourceError).code).toMatch(/^source\.[a-z]+$/)
      await setup.mend?.()
      const { revision } = await vi.waitFor(() => source.read(never), SOON)
      const next = await watch(revision)
      await setup.put('{"n":2}')
      await learns(source, next, '{"n":2}')
    })

    it('leaves nothing behind after close, even if watches were open and a consumer hung', async () => {
      const { follower, found } = await start()
      const hanging = source.watch(found.revision, never)[Symbol.asyncIterator]()
      await hanging.next()
      await close()
      await vi.waitFor(() => expect(follower.outcome()).toBeDefined(), SOON)
      if (follower.outcome() !== 'end') expect(follower.outcome()).toBeInstanceOf(SourceError)
      if (setup.leftovers !== undefined) await vi.waitFor(() => expect(setup.leftovers?.()).toBe(0), SOON)
      await vi.waitFor(() => expect(heldResources()).toBeLessThanOrEqual(resources), SOON)
      await expect(source.read(never)).rejects.toBeInstanceOf(SourceError)
      const late = follow(source, found.revision)
      await vi.waitFor(() => expect(late.outcome()).toBeDefined(), SOON)
    })
  })
}

const abortedRead = async (source: Source): Promise<ReadResult> => {
  const controller = new AbortController()
  const reading = source.read(controller.signal)
  controller.abort()
  return reading
}
