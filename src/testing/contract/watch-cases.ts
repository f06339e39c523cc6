import assert from 'node:assert/strict'
import type { SourceEvent } from '../../api/source.ts'
import { isSameRevision } from '../../model/revision.ts'
import { never, textOf, type ContractKit } from './contract-kit.ts'
import type { CaseBody } from './source-setup.ts'

/** What a watch must do. */
export const watchCases: readonly CaseBody<ContractKit>[] = [
  {
    name: 'a watch reports opened first, with a document and without one',
    body: async (kit) => {
      const empty = await kit.start()
      assert.equal(empty.found.kind, 'missing')
      await kit.setup.put('{}')
      const full = await kit.start()
      assert.equal(full.found.kind, 'document')
    },
  },
  {
    name: 'a watch reports a put that comes after its revision',
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const { follower } = await kit.start()
      await kit.setup.put('{"n":2}')
      await kit.learns(follower, '{"n":2}')
    },
  },
  {
    name: 'a watch reports the first document that is ever put',
    body: async (kit) => {
      const { follower } = await kit.start()
      await kit.setup.put('{"n":1}')
      await kit.learns(follower, '{"n":1}')
    },
  },
  {
    name: 'a watch loses no put between the read and the watch',
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const found = await kit.read()
      await kit.setup.put('{"n":2}')
      const follower = await kit.watch(found.revision)
      if (textOf(await kit.read()) !== '{"n":2}') await kit.learns(follower, '{"n":2}')
    },
  },
  {
    name: 'a watch reports a remove, and a put after it',
    needs: ['remove'],
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const { follower } = await kit.start()
      await kit.can('remove')
      await kit.learns(follower, undefined)
      await kit.setup.put('{"n":1}')
      await kit.learns(follower, '{"n":1}')
    },
  },
  {
    name: 'a watch reports a document with the revision that a read finds',
    body: async (kit) => {
      const { follower } = await kit.start()
      await kit.setup.put('{"n":1}')
      await kit.learns(follower, '{"n":1}')
      const reported = follower.events.findLast((event) => event.kind === 'document')
      const found = await kit.read()
      if (reported?.kind === 'document')
        assert.ok(isSameRevision(reported.revision, found.revision), 'one document, one name')
    },
  },
  {
    name: 'a watch never reports a lower order than before',
    body: async (kit) => {
      const { follower } = await kit.start()
      await putAll(kit, 20)
      await kit.learns(follower, '{"n":20}')
      const orders = follower.events.flatMap((event) => ('revision' in event ? [event.revision.order] : []))
      assert.deepEqual(
        orders,
        orders.toSorted((a, b) => a - b),
      )
    },
  },
  {
    name: 'a watch gives a slow consumer the newest document, and does not queue those in between',
    body: async (kit) => {
      const puts = 200
      const { follower, found } = await kit.start()
      const next = await kit.take(found.revision)
      await putAll(kit, puts)
      // The other watch has it, so it has arrived for the slow one too, or nearly.
      await kit.learns(follower, `{"n":${puts}}`)
      const taken: SourceEvent[] = []
      while (!(await kit.knows(taken, `{"n":${puts}}`))) {
        const event = await next()
        if (event !== undefined) taken.push(event)
      }
      assert.ok(taken.length < puts / 10, `${taken.length} events were queued for ${puts} puts`)
    },
  },
  {
    name: 'a watch is not delayed by another watch whose consumer hangs',
    body: async (kit) => {
      const found = await kit.read()
      await kit.take(found.revision)
      const follower = await kit.watch(found.revision)
      await putAll(kit, 20)
      await kit.learns(follower, '{"n":20}')
    },
  },
  {
    name: 'a watch works beside a second watch, and continues when that ends',
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const [first, second] = [await kit.start(), await kit.start()]
      await kit.setup.put('{"n":2}')
      await kit.learns(first.follower, '{"n":2}')
      await kit.learns(second.follower, '{"n":2}')
      second.follower.stop()
      await kit.until(() => second.follower.outcome() === 'end', 'a watch ends when its signal aborts')
      await kit.setup.put('{"n":3}')
      await kit.learns(first.follower, '{"n":3}')
    },
  },
  {
    name: 'a watch ends without an error when its signal aborts, and reports nothing after that',
    body: async (kit) => {
      const { follower } = await kit.start()
      assert.equal(follower.outcome(), undefined)
      follower.stop()
      const count = follower.events.length
      await kit.setup.put('{"n":1}')
      await kit.until(() => follower.outcome() !== undefined, 'a watch ends when its signal aborts')
      assert.equal(follower.outcome(), 'end')
      assert.equal(follower.events.length, count)
    },
  },
  {
    name: 'a watch reports nothing if its signal has already aborted',
    body: async (kit) => {
      const { revision } = await kit.read()
      const events = kit.source.watch(revision, AbortSignal.abort())[Symbol.asyncIterator]()
      const { done } = await kit.within(events.next(), 'a watch ends if its signal has already aborted')
      assert.equal(done, true)
    },
  },
  {
    name: 'a watch can be left in the middle and opened again',
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const { revision } = await kit.read()
      for (let round = 0; round < 5; round++) {
        const events = kit.source.watch(revision, never)[Symbol.asyncIterator]()
        await kit.within(events.next(), 'the watch reports opened')
        await kit.within(Promise.resolve(events.return?.()), 'a watch can be left')
      }
      const { follower } = await kit.start()
      await kit.setup.put('{"n":2}')
      await kit.learns(follower, '{"n":2}')
    },
  },
]

const putAll = async ({ setup }: ContractKit, count: number): Promise<void> => {
  for (let n = 1; n <= count; n++) await setup.put(`{"n":${n}}`)
}
