import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { followUserSource, SECRET, textOf, type UserSource } from './user-source.ts'

const etagOf = (text: string): string => createHash('md5').update(text).digest('hex')

const documentOf = (content: unknown, revision: unknown): object => ({ kind: 'document', content, revision })

const revisionOf = (change: object = {}): object => ({ lineage: 'user', order: 1, name: '1', ...change })

type Follower = ReturnType<typeof followUserSource>

const expectNoSecret = ({ reloader, lines }: Follower): void => {
  expect(JSON.stringify([reloader.status(), lines])).not.toContain(SECRET)
}

describe('A change is applied and reported, although the source breaks the contract', () => {
  it.each<[string, UserSource]>([
    [
      'by ETags as names with a constant order',
      { read: (text) => documentOf(text, revisionOf({ name: etagOf(text) })) },
    ],
    [
      'by ETags as names with a constant order, also in the stream',
      {
        read: (text) => documentOf(text, revisionOf({ name: etagOf(text) })),
        report: (text) => documentOf(text, revisionOf({ name: etagOf(text) })),
      },
    ],
    ['by one revision for all documents', { read: (text) => documentOf(text, revisionOf()) }],
    [
      'by one revision for all documents, also in the stream',
      { read: (text) => documentOf(text, revisionOf()), report: (text) => documentOf(text, revisionOf()) },
    ],
    ['by one name for all documents', { read: (text, reads) => documentOf(text, revisionOf({ order: reads })) }],
    [
      'by a lineage for each read and one name',
      { read: (text) => documentOf(text, revisionOf({ lineage: randomUUID(), name: 'config' })) },
    ],
    [
      'by a name for each read with a constant order',
      { read: (text, reads) => documentOf(text, revisionOf({ name: `read ${reads}` })) },
    ],
    [
      'by a stream that reports before it has opened',
      {
        read: (text, reads) => documentOf(text, revisionOf({ order: reads, name: etagOf(text) })),
        watch: async function* (_after, signal) {
          yield { kind: 'changed' }
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        },
      },
    ],
  ])('%s', async (_title, user) => {
    const follower = followUserSource(user)
    await follower.clock.advance(1_000)
    for (const n of [200, 300, 400, 500, 300, 200, 800, 900]) {
      await follower.put(textOf(n), 70_000)
      expect([follower.serving(), follower.reloader.status().inSync]).toEqual([n, true])
    }
    expect(follower.breaches()).toBeGreaterThan(0)
    expect(follower.reloader.status().source.lastError?.code).toBe('source.contract')
    expect(follower.reads()).toBeLessThan(80)
    expectNoSecret(follower)
  })
})

it('A document that the stream reports at too low an order is read, and applied', async () => {
  const follower = followUserSource({
    read: (text, reads) => documentOf(text, revisionOf({ order: 10 + reads, name: etagOf(text) })),
    report: (text) => documentOf(text, revisionOf({ order: 1, name: etagOf(text) })),
  })
  for (const n of [2, 3, 4]) {
    await follower.put(textOf(n), 0)
    expect([follower.serving(), follower.reloader.status().inSync]).toEqual([n, true])
  }
})

describe('A source that contradicts itself all the time', () => {
  it.each<[string, (reads: number) => object]>([
    ['with one revision for all', () => revisionOf()],
    ['with a name for each read and a constant order', (reads) => revisionOf({ name: `read ${reads}` })],
    ['with a lineage for each read', (reads) => revisionOf({ lineage: `read ${reads}` })],
    ['with an order that never rises', (reads) => revisionOf({ order: -reads, name: `read ${reads}` })],
  ])('is read at the pace of the reconcile, although every read finds other content: %s', async (_title, revise) => {
    const follower = followUserSource({
      read: (text, reads) => documentOf(JSON.stringify({ ...JSON.parse(text), at: reads }), revise(reads)),
    })
    await follower.clock.advance(600_000)
    expect(follower.reads()).toBeLessThan(40)
    expect(follower.breaches()).toBeGreaterThan(0)
    expect(follower.serving()).toBe(1)
  })
})

describe('A source whose order goes back in one lineage', () => {
  const user: UserSource = {
    read: (text) => {
      const { n } = JSON.parse(text)
      return documentOf(text, revisionOf({ order: n, name: `at ${n}` }))
    },
  }

  it('is reported, is not in sync, and is applied again once the order has risen', async () => {
    const follower = followUserSource(user)
    await follower.put(textOf(50))
    await follower.put(textOf(20))
    expect(follower.serving()).toBe(50)
    expect(follower.reloader.status()).toMatchObject({
      inSync: false,
      source: { lastError: { code: 'source.contract' } },
    })
    expect(follower.reloader.status().source.lastError?.message).toContain('order 20 after 50 in one lineage')
    const reload = follower.reloader.reload()
    await follower.clock.advance(0)
    expect(await reload).toMatchObject({ outcome: 'rejected', failures: [{ code: 'source.contract' }] })
    await follower.clock.advance(600_000)
    expect(follower.breaches()).toBeLessThanOrEqual(2)
    await follower.put(textOf(60))
    expect([follower.serving(), follower.reloader.status().inSync]).toEqual([60, true])
    expectNoSecret(follower)
  })

  it('is stale if it returns to what was seen before, as a member that lags behind does', async () => {
    const follower = followUserSource(user)
    await follower.put(textOf(20))
    await follower.put(textOf(50))
    await follower.put(textOf(20))
    expect(follower.serving()).toBe(50)
    expect(follower.reloader.status()).toMatchObject({ inSync: false, source: { lastError: { code: 'source.stale' } } })
    await follower.put(textOf(50))
    expect([follower.serving(), follower.reloader.status().inSync]).toEqual([50, true])
    expect(follower.breaches()).toBe(0)
  })
})

describe('An answer that is no read result', () => {
  const getter = Object.defineProperty({}, 'revision', {
    get: () => {
      throw new Error(SECRET)
    },
  })
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', textOf(2)],
    ['a list', [textOf(2)]],
    ['a response without a kind', { content: textOf(2), revision: revisionOf() }],
    ['an unknown kind', { kind: SECRET, revision: revisionOf() }],
    ['no revision', documentOf(textOf(2), undefined)],
    ['text as revision', documentOf(textOf(2), SECRET)],
    ['an order that is not a number', documentOf(textOf(2), revisionOf({ order: Number.NaN }))],
    ['an endless order', documentOf(textOf(2), revisionOf({ order: Number.POSITIVE_INFINITY }))],
    ['an order of text', documentOf(textOf(2), revisionOf({ order: SECRET }))],
    ['an order of a bigint', documentOf(textOf(2), revisionOf({ order: 2n }))],
    ['an order of a date', documentOf(textOf(2), revisionOf({ order: new Date() }))],
    ['no order', documentOf(textOf(2), { lineage: 'user', name: '2' })],
    ['a name of a number', documentOf(textOf(2), revisionOf({ name: 2 }))],
    ['no lineage', documentOf(textOf(2), { order: 2, name: '2' })],
    ['content that was parsed', documentOf({ n: 2, secret: SECRET }, revisionOf({ order: 2, name: '2' }))],
    ['no content', documentOf(undefined, revisionOf({ order: 2, name: '2' }))],
    ['content in an ArrayBuffer', documentOf(new ArrayBuffer(8), revisionOf({ order: 2, name: '2' }))],
    ['a promise of content', documentOf(Promise.resolve(SECRET), revisionOf({ order: 2, name: '2' }))],
    ['a malformed document with a foreign code', { kind: 'malformed', code: SECRET, revision: revisionOf() }],
    ['a fingerprint that is not text', { ...documentOf(textOf(2), revisionOf()), fingerprint: 5 }],
    ['a getter that throws', getter],
  ])('fails the read, and what serves is not said to be in sync: %s', async (_title, answer) => {
    const follower = followUserSource({
      read: (text) => (text === textOf(1) ? documentOf(text, revisionOf()) : answer),
    })
    await follower.put(textOf(2))
    const { inSync, source } = follower.reloader.status()
    expect([follower.serving(), inSync, source.state]).toEqual([1, false, 'backing-off'])
    expect(source.lastError?.code).toBe('source.contract')
    expectNoSecret(follower)
    await follower.put(textOf(1), 20_000)
    expect(follower.reloader.status()).toMatchObject({ inSync: true, source: { state: 'watching' } })
  })
})

describe('A watch that is no watch', () => {
  const endless = (): Promise<never> => new Promise(() => {})
  it.each<[string, string, UserSource['watch'] | (() => unknown)]>([
    ['returns nothing', 'watch returned no async iterable', () => undefined],
    ['returns a promise', 'watch returned no async iterable', async () => []],
    ['is not a function of the right kind', 'watch returned no async iterable', () => 5],
    ['yields null', 'an event of the watch is null instead of an object', () => [{ kind: 'opened' }, null]],
    ['yields text', 'an event of the watch is a string instead of an object', () => [{ kind: 'opened' }, SECRET]],
    [
      'yields an unknown kind',
      'the kind of a read result',
      () => [{ kind: 'opened' }, { kind: SECRET, revision: revisionOf() }],
    ],
    [
      'yields a document without a revision',
      'a revision is undefined',
      () => [{ kind: 'opened' }, documentOf('{}', undefined)],
    ],
  ])('breaks with what was seen, and the source is read with back-off: it %s', async (_title, detail, watch) => {
    const follower = followUserSource({
      read: (text) => documentOf(text, revisionOf({ order: JSON.parse(text).n, name: etagOf(text) })),
      watch: watch as UserSource['watch'] & object,
    })
    await follower.clock.advance(10_000)
    const { lastError } = follower.reloader.status().source
    expect(lastError?.code).toBe('source.contract')
    expect(lastError?.message).toContain(detail)
    await follower.put(textOf(2), 20_000)
    expect(follower.serving()).toBe(2)
    expectNoSecret(follower)
  })

  it('is given up if it never opens, and the reads go on', async () => {
    const follower = followUserSource({
      read: (text) => documentOf(text, revisionOf({ order: JSON.parse(text).n, name: etagOf(text) })),
      watch: async function* () {
        await endless()
        yield { kind: 'opened' }
      },
    })
    await follower.put(textOf(2), 30_000)
    expect(follower.serving()).toBe(2)
    expect(follower.reads()).toBeLessThan(20)
  })
})
