import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SourceEvent } from '../../../src/api/source.ts'
import { memorySource, type MemorySource } from '../../../src/testing/index.ts'

const never = new AbortController().signal
const SOON = { timeout: 20_000, interval: 5 }

describe('The memory source', () => {
  let source: MemorySource
  let controller: AbortController
  let events: SourceEvent[]
  let outcome: unknown

  const openWatch = async (): Promise<void> => {
    events = []
    outcome = undefined
    const run = async (): Promise<void> => {
      for await (const event of source.watch(source.revision, controller.signal)) events.push(event)
    }
    run().then(
      () => {
        outcome = 'end'
      },
      (error: unknown) => {
        outcome = error
      },
    )
    await expect.poll(() => events.length + (outcome === undefined ? 0 : 1), SOON).toBeGreaterThan(0)
  }
  const nextTurn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve))

  beforeEach(() => {
    source = memorySource('{"n":1}')
    controller = new AbortController()
  })
  afterEach(async () => {
    controller.abort()
    await source.close()
  })

  it('starts at order 1 of memory-1, with text, with bytes, or with a value as JSON', async () => {
    expect(await source.read(never)).toEqual({
      kind: 'document',
      revision: { lineage: 'memory-1', order: 1, name: '1' },
      content: '{"n":1}',
    })
    expect(await memorySource({ n: [1] }).read(never)).toMatchObject({ content: '{"n":[1]}' })
    expect(await memorySource(Uint8Array.of(255)).read(never)).toMatchObject({ content: Uint8Array.of(255) })
    expect(await memorySource().read(never)).toMatchObject({ kind: 'missing', revision: { order: 1 } })
    expect(() => source.put(Symbol.iterator as unknown as string)).toThrow(TypeError)
  })

  it('returns the revision that a change makes', () => {
    expect(source.put('{"n":1}').order).toBe(2)
    expect(source.delete().order).toBe(3)
    expect(source.delete().order).toBe(3)
    expect(source.revision).toEqual({ lineage: 'memory-1', order: 3, name: '3' })
  })

  it('does not let a consumer change what it holds', async () => {
    const bytes = Uint8Array.of(1, 2, 3)
    source.put(bytes)
    bytes[0] = 9
    const first = await source.read(never)
    if (first.kind === 'document' && typeof first.content !== 'string') first.content[1] = 9
    expect(await source.read(never)).toMatchObject({ content: Uint8Array.of(1, 2, 3) })
  })

  it('fails as many reads as the test asks for, or all until it is healed', async () => {
    source.failReads('source.unreachable', 2)
    await expect(source.read(never)).rejects.toMatchObject({ code: 'source.unreachable' })
    await expect(source.read(never)).rejects.toMatchObject({ code: 'source.unreachable' })
    expect((await source.read(never)).kind).toBe('document')
    source.failReads('source.tls')
    for (let n = 0; n < 5; n++) await expect(source.read(never)).rejects.toMatchObject({ code: 'source.tls' })
    source.heal()
    expect((await source.read(never)).kind).toBe('document')
    expect(source.reads).toBe(9)
  })

  it('hangs reads until they are aborted or healed', async () => {
    source.hangReads()
    const aborted = source.read(controller.signal)
    const healed = source.read(never)
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'source.timeout' })
    source.put('{"n":2}')
    source.heal()
    expect(await healed).toMatchObject({ content: '{"n":2}' })
  })

  it('hangs deaf reads even after their signal aborts', async () => {
    source.hangReads({ deaf: true })
    let settled = false
    const reading = source.read(controller.signal).finally(() => {
      settled = true
    })
    reading.catch(() => undefined)
    controller.abort()
    await nextTurn()
    expect(settled).toBe(false)
    source.heal()
    await expect(reading).rejects.toMatchObject({ code: 'source.timeout' })
  })

  it('breaks open watches, and refuses as many new ones as the test asks for', async () => {
    await openWatch()
    expect(source.watches).toBe(1)
    source.breakWatch('source.compacted')
    await expect.poll(() => outcome, SOON).toMatchObject({ code: 'source.compacted' })
    expect(source.watches).toBe(0)
    source.failWatches('source.unauthenticated', 1)
    await openWatch()
    expect(outcome).toMatchObject({ code: 'source.unauthenticated' })
    await openWatch()
    expect(outcome).toBeUndefined()
  })

  it('reports at once the change since the revision after which a watch starts', async () => {
    const { revision } = source
    source.put('{"n":2}')
    source.put('{"n":3}')
    const watching = source.watch(revision, controller.signal)[Symbol.asyncIterator]()
    expect(await watching.next()).toEqual({ done: false, value: { kind: 'opened' } })
    expect(await watching.next()).toMatchObject({ done: false, value: { kind: 'document', content: '{"n":3}' } })
  })

  it('is silent until it is healed, and does not report missed changes later', async () => {
    await openWatch()
    source.silence()
    source.put('{"n":2}')
    await nextTurn()
    expect(events).toEqual([{ kind: 'opened' }])
    source.heal()
    await nextTurn()
    expect(events).toHaveLength(1)
    source.put('{"n":3}')
    await nextTurn()
    expect(events).toMatchObject([{ kind: 'opened' }, { content: '{"n":3}' }])
  })

  it('delivers every event of the test in order, even when it is silent', async () => {
    await openWatch()
    source.silence()
    const old: SourceEvent = {
      kind: 'document',
      revision: { lineage: 'memory-0', order: 9, name: '9' },
      content: 'old',
    }
    for (const event of [old, old, { kind: 'changed' }, { kind: 'opened' }] as const) source.deliver(event)
    await nextTurn()
    expect(events).toEqual([{ kind: 'opened' }, old, old, { kind: 'changed' }, { kind: 'opened' }])
  })

  it('starts a new lineage when it is wiped, and reports that', async () => {
    source.put('{"n":2}')
    await openWatch()
    expect(source.wipe()).toEqual({ lineage: 'memory-2', order: 1, name: '1' })
    await nextTurn()
    expect(events.at(-1)).toEqual({ kind: 'missing', revision: { lineage: 'memory-2', order: 1, name: '1' } })
    expect(source.put('{"n":3}')).toEqual({ lineage: 'memory-2', order: 2, name: '2' })
  })

  it('reports the same document under its old name when only the order rises', async () => {
    await openWatch()
    expect(source.renew()).toEqual({ lineage: 'memory-1', order: 2, name: '1' })
    await nextTurn()
    expect(events.at(-1)).toMatchObject({ content: '{"n":1}', revision: { order: 2, name: '1' } })
    expect(source.put('{"n":2}')).toEqual({ lineage: 'memory-1', order: 3, name: '3' })
    source.renew()
    source.staleReads(1)
    expect((await source.read(never)).revision).toEqual({ lineage: 'memory-1', order: 2, name: '1' })
    expect((await source.read(never)).revision).toEqual({ lineage: 'memory-1', order: 4, name: '3' })
  })

  it('names revisions by their content if it is told so', async () => {
    const named = memorySource('{"n":1}', { names: 'content' })
    const first = named.revision
    const second = named.put('{"n":2}')
    expect(second).toMatchObject({ lineage: first.lineage, order: 2 })
    expect(second.name).not.toBe(first.name)
    expect(named.put('{"n":1}')).toEqual({ ...first, order: 3 })
    expect(named.delete().name).toBe('missing')
    await named.close()
  })
})
