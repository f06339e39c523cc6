import assert from 'node:assert/strict'
import { SourceError, type Document, type ReadResult, type Source } from '../../api/source.ts'
import { isSameRevision } from '../../model/revision.ts'
import { decode, never, textOf, type ContractKit } from './contract-kit.ts'
import type { CaseBody } from './source-setup.ts'

/** What a read must do. */
export const readCases: readonly CaseBody<ContractKit>[] = [
  {
    name: 'a read finds missing if there is no document',
    body: async (kit) => {
      const found = await kit.read()
      assert.equal(found.kind, 'missing')
      assert.notEqual(found.revision.lineage, '')
    },
  },
  {
    name: 'a read finds the document with its revision',
    body: async (kit) => {
      await kit.setup.put('{"level":"info"}')
      const document = await kit.readDocument()
      assert.equal(decode(document.content), '{"level":"info"}')
      assert.ok(Number.isSafeInteger(document.revision.order), 'an order is a safe integer')
      assert.notEqual(document.revision.name, '', 'a revision has a name')
    },
  },
  {
    name: 'a read gives the same document the same name, and another document another name and a higher order',
    body: async (kit) => {
      let previous: Document | undefined
      // The first text comes again: neither its name nor its order may be those of the time before.
      for (const text of ['{"n":1}', '{"n":2}', '{"n":3}', '{"n":1}']) {
        await kit.setup.put(text)
        const [first, second] = [await kit.readDocument(), await kit.readDocument()]
        assert.equal(decode(first.content), text)
        assert.ok(isSameRevision(first.revision, second.revision), 'two reads of one document find one revision')
        assert.ok(second.revision.order >= first.revision.order, 'the order does not go back')
        if (previous !== undefined) expectNext(previous, first)
        previous = first
      }
    },
  },
  {
    name: 'a read gives a later revision to a document that was removed and put again',
    needs: ['remove'],
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const before = await kit.read()
      await kit.can('remove')
      const gone = await kit.read()
      await kit.setup.put('{"n":1}')
      const after = await kit.readDocument()
      assert.equal(gone.kind, 'missing')
      assert.ok(gone.revision.order > before.revision.order, 'a removal has a higher order')
      assert.ok(after.revision.order > gone.revision.order, 'a document that returns has a higher order')
    },
  },
  {
    name: 'a read finds an empty document as a document',
    body: async (kit) => {
      await kit.setup.put('')
      assert.equal(decode((await kit.readDocument()).content), '')
    },
  },
  {
    name: 'a read finds bytes as they are, even if they are not UTF-8',
    body: async (kit) => {
      const bytes = Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0xc3, 0x28, 0x00, 0x22, 0x7d)
      await kit.setup.put(bytes)
      const { content } = await kit.readDocument()
      assert.notEqual(typeof content, 'string', 'text cannot hold these bytes')
      assert.deepEqual([...(content as Uint8Array)], [...bytes])
    },
  },
  {
    name: 'a read finds the whole of a document of 1 MB',
    body: async (kit) => {
      const text = JSON.stringify({ text: 'é'.repeat(500_000) })
      await kit.setup.put(text)
      assert.ok(decode((await kit.readDocument()).content) === text, 'the whole text is read')
    },
  },
  {
    name: 'a read returns content that no later read changes',
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const first = await kit.within(kit.source.read(never), 'a read settles')
      await kit.setup.put('{"n":2}')
      await kit.readDocument()
      assert.equal(textOf(first), '{"n":1}')
    },
  },
  {
    name: 'a read settles if its signal has already aborted, and if it aborts during the read',
    body: async (kit) => {
      await kit.setup.put('{}')
      const reads = [kit.source.read(AbortSignal.abort()), abortedRead(kit.source)]
      const outcomes = await kit.within(Promise.allSettled(reads), 'an aborted read settles')
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          assert.ok(outcome.reason instanceof SourceError, 'a read rejects with a SourceError')
      }
    },
  },
  {
    name: 'a read works many times in parallel',
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const reads = Array.from({ length: 50 }, () => kit.source.read(new AbortController().signal))
      const results = await kit.within(Promise.all(reads), 'all reads settle')
      assert.equal(new Set(results.map(({ revision }) => revision.name)).size, 1, 'all find one name')
      assert.ok(
        results.every((result) => textOf(result) === '{"n":1}'),
        'all find the document',
      )
    },
  },
]

const expectNext = (previous: Document, next: Document): void => {
  assert.equal(next.revision.lineage, previous.revision.lineage, 'a change stays in the lineage')
  assert.ok(next.revision.order > previous.revision.order, 'a change has a higher order')
  assert.notEqual(next.revision.name, previous.revision.name, 'a change has another name')
}

const abortedRead = async (source: Source): Promise<ReadResult> => {
  const controller = new AbortController()
  const reading = source.read(controller.signal)
  controller.abort()
  return reading
}
