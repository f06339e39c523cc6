import { randomUUID } from 'node:crypto'
import { type Document, type ReadResult, type Source, SourceError, type SourceEvent } from 'changeover'
import { memorySource, sourceContract, type SourceSetup } from 'changeover/testing'
import { describe, expect, it } from 'vitest'

type Spoil = (source: Source) => Partial<Source>

const setupOf =
  (spoil: Spoil = () => ({})) =>
  (): SourceSetup => {
    const memory = memorySource()
    return {
      source: { ...memory, ...spoil(memory) },
      put: memory.put,
      remove: memory.delete,
      breakWatch: () => memory.breakWatch('source.unreachable'),
      wipe: memory.wipe,
      leftovers: () => memory.watches,
    }
  }

/** The names of the cases that a source fails. */
const failuresOf = async (make: () => SourceSetup, timeoutMs = 150): Promise<readonly string[]> => {
  const failed: string[] = []
  for (const { name, run } of sourceContract(make, { timeoutMs })) {
    await run().catch(() => failed.push(name))
  }
  return failed
}

/** Changes what reads return, and what watches report. */
const revised =
  (revise: (result: ReadResult) => ReadResult): Spoil =>
  (source) => ({
    read: async (signal) => revise(await source.read(signal)),
    async *watch(after, signal) {
      for await (const event of source.watch(after, signal)) yield 'revision' in event ? revise(event) : event
    },
  })

const watched = (
  change: (events: AsyncIterable<SourceEvent>, signal: AbortSignal) => AsyncIterable<SourceEvent>,
): Spoil => {
  return (source) => ({ watch: (after, signal) => change(source.watch(after, signal), signal) })
}

const withRevision = (change: (document: ReadResult) => object): Spoil =>
  revised((result) => ({ ...result, revision: { ...result.revision, ...change(result) } }))

describe('sourceContract', () => {
  it('passes a source that fulfils it', async () => {
    expect(await failuresOf(setupOf(), 20_000)).toEqual([])
  })

  const shared = Buffer.alloc(2_000_000)
  it.each<[string, Spoil, string]>([
    ['constant orders', withRevision(() => ({ order: 1 })), 'and a higher order'],
    ['constant names', withRevision(() => ({ name: 'config' })), 'another document another name'],
    ['a name for each read', withRevision(() => ({ name: randomUUID() })), 'the same document the same name'],
    ['a lineage for each read', withRevision(() => ({ lineage: randomUUID() })), 'and a higher order'],
    ['no lineage', withRevision(() => ({ lineage: '' })), 'finds missing'],
    ['orders of text', withRevision(({ revision }) => ({ order: String(revision.order) })), 'with its revision'],
    ['orders that are not whole', withRevision(({ revision }) => ({ order: revision.order / 3 })), 'with its revision'],
    ['orders that fall', withRevision(({ revision }) => ({ order: -revision.order })), 'and a higher order'],
    [
      'names by content and orders by content',
      revised((result) => {
        const text = result.kind === 'document' ? String(result.content) : 'none'
        return { ...result, revision: { ...result.revision, name: text, order: text.length } }
      }),
      'and a higher order',
    ],
    [
      'text made of bytes',
      revised((result) => ({ ...result, content: new TextDecoder().decode(bytesOf(result)) }) as ReadResult),
      'finds bytes as they are',
    ],
    [
      'no empty documents',
      revised((result) => (bytesOf(result).length === 0 ? { kind: 'missing', revision: result.revision } : result)),
      'finds an empty document',
    ],
    [
      'a cut of large documents',
      revised((result) => ({ ...result, content: bytesOf(result).slice(0, 65_536) }) as ReadResult),
      'the whole of a document',
    ],
    [
      'one buffer for all reads',
      revised((result) => {
        const bytes = bytesOf(result)
        shared.set(bytes)
        return result.kind === 'document' ? { ...result, content: shared.subarray(0, bytes.length) } : result
      }),
      'content that no later read changes',
    ],
    [
      'errors without a code',
      (source) => ({
        read: (signal) => (signal.aborted ? Promise.reject(new Error('aborted')) : source.read(signal)),
      }),
      'settles if its signal has already aborted',
    ],
    ['reads that hang', () => ({ read: () => new Promise(() => {}) }), 'finds missing'],
    ['a close that hangs', () => ({ close: () => new Promise(() => {}) }), 'leaves nothing behind'],
    ['no opened', watched(without('opened')), 'reports opened first'],
    ['no changes', watched(without('document')), 'reports a put that comes after'],
    ['no removals', watched(without('missing')), 'reports a remove'],
    [
      'an end instead of an error',
      watched(async function* (events) {
        try {
          yield* events
        } catch {}
      }),
      'breaks a watch with a SourceError',
    ],
    [
      'foreign errors',
      watched(async function* (events) {
        try {
          yield* events
        } catch {
          throw new Error('foreign')
        }
      }),
      'breaks a watch with a SourceError',
    ],
    [
      'an event after the end',
      watched(async function* (events, signal) {
        yield* events
        if (signal.aborted) yield { kind: 'changed' }
      }),
      'reports nothing after that',
    ],
    [
      'an error at the end',
      watched(async function* (events) {
        yield* events
        throw new SourceError('source.closed')
      }),
      'ends without an error',
    ],
    [
      'a queue of all documents',
      (source) => ({
        async *watch(after, signal) {
          const queue: SourceEvent[] = []
          let hasEnded = false
          const pump = async (): Promise<void> => {
            for await (const event of source.watch(after, signal)) queue.push(event)
          }
          void pump()
            .catch(() => {})
            .finally(() => {
              hasEnded = true
            })
          while (!hasEnded) {
            const event = queue.shift()
            if (event === undefined) await new Promise((resolve) => setImmediate(resolve))
            else yield event
          }
        },
      }),
      'does not queue those in between',
    ],
    [
      'an empty document in place of none',
      revised((result) => (result.kind === 'missing' ? { ...result, kind: 'document', content: '' } : result)),
      'removed and put again',
    ],
    [
      'reports under other names than its reads',
      watched(async function* (events) {
        for await (const event of events) {
          const named = 'revision' in event && { ...event.revision, name: `${event.revision.name}!` }
          yield named ? { ...event, revision: named } : event
        }
      }),
      'with the revision that a read finds',
    ],
    [
      'answers of its first store only',
      (source) => {
        let first: string | undefined
        return {
          read: async (signal) => {
            const result = await source.read(signal)
            first ??= result.revision.lineage
            if (result.revision.lineage !== first) throw new SourceError('source.unreachable')
            return result
          },
        }
      },
      'serves what replaces a wiped store',
    ],
    ['no close', () => ({ close: async () => {} }), 'leaves nothing behind'],
  ])('finds a source with %s', async (_title, spoil, failed) => {
    const failures = await failuresOf(setupOf(spoil))
    expect(failures.filter((name) => name.includes(failed))).not.toEqual([])
  })

  it('knows a watch that throws undefined from one that stays open', async () => {
    const throwsNothing = watched(async function* (events) {
      try {
        yield* events
      } catch {
        await Promise.reject(undefined)
      }
    })
    const cases = sourceContract(setupOf(throwsNothing), { timeoutMs: 20_000 })
    const breaking = cases.find(({ name }) => name.includes('breaks a watch with a SourceError'))
    await expect(breaking?.run()).rejects.not.toThrow(/not within/)
  })

  it('leaves out what a setup cannot do only if that is said', async () => {
    const make = (): SourceSetup => {
      const { source, put } = setupOf()()
      return { source, put }
    }
    const all = sourceContract(make)
    const some = sourceContract(make, { lacks: ['remove', 'breakWatch', 'wipe'], timeoutMs: 20_000 })
    expect(all.length - some.length).toBe(4)
    const removing = all.find(({ name }) => name.includes('removed and put again'))
    await expect(removing?.run()).rejects.toThrow('the setup has no remove')
    for (const { run } of some) await run()
  })

  it('closes the source and disposes of the setup if a case fails', async () => {
    const calls: string[] = []
    const cases = sourceContract(() => ({
      source: {
        ...memorySource(),
        read: () => Promise.reject(new Error('down')),
        close: async () => void calls.push('close'),
      },
      put: () => {},
      dispose: () => calls.push('dispose'),
    }))
    await expect(cases[0]?.run()).rejects.toThrow('down')
    expect(calls).toEqual(['close', 'dispose'])
  })
})

function bytesOf(result: ReadResult): Uint8Array {
  const content = (result as Partial<Document>).content ?? ' '
  return typeof content === 'string' ? Buffer.from(content) : content
}

function without(kind: SourceEvent['kind']) {
  return async function* (events: AsyncIterable<SourceEvent>): AsyncGenerator<SourceEvent> {
    for await (const event of events) if (event.kind !== kind) yield event
  }
}
