import { runInNewContext } from 'node:vm'
import type { Source } from 'changeover'
import { SourceError } from 'changeover'
import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import type { ReadResult } from '../../src/api/source.ts'
import { toReadResult } from '../../src/intake/read-result.ts'
import { SourceReader, sourceCodeOf } from '../../src/intake/source-reader.ts'

const revision = { lineage: 'a', order: 1, name: '1' }
const document: ReadResult = { kind: 'document', revision, content: '{}' }

const readerOf = (read: Source['read'], clock = createVirtualClock()) => ({
  clock,
  reader: new SourceReader({ name: 'scripted', endpoint: 'nowhere', read, watch: async function* () {} }, clock, 100),
})

describe('toReadResult', () => {
  it.each<[string, unknown]>([
    ['an unknown kind', { kind: 'other', revision }],
    ['no revision', { kind: 'missing', revision: undefined }],
    ['an order that is not a number', { kind: 'missing', revision: { ...revision, order: '1' } }],
    ['content that is neither text nor bytes', { kind: 'document', revision, content: {} }],
    ['a malformed document without a document code', { kind: 'malformed', revision, code: 'source.failed' }],
  ])('rejects %s', (_, value) => {
    expect(() => toReadResult(value as ReadResult)).toThrow(TypeError)
  })

  it('copies bytes, since a source may use its buffer again', () => {
    const buffer = Buffer.from('{}')
    const copy = toReadResult({ ...document, content: buffer })
    buffer.fill('?')
    expect(copy).toMatchObject({ content: new Uint8Array(Buffer.from('{}')) })
  })

  it('takes bytes of another realm, as tests in a sandbox make them', () => {
    const bytes: unknown = runInNewContext('Uint8Array.of(123, 125)')
    expect(bytes instanceof Uint8Array).toBe(false)
    expect(toReadResult({ ...document, content: bytes as Uint8Array })).toMatchObject({
      content: Uint8Array.of(123, 125),
    })
  })

  it('copies only what it knows', () => {
    const extra = { ...document, secret: 1, revision: { ...revision, secret: 1 } }
    expect(toReadResult(extra)).toEqual(document)
  })
})

describe('sourceCodeOf', () => {
  it('keeps the code of a source error, and calls any other error source.failed', () => {
    expect(sourceCodeOf(new SourceError('source.denied'))).toBe('source.denied')
    const foreign = Object.assign(new Error(), { name: 'SourceError', code: 'document.empty' })
    for (const error of [foreign, new Error(), 'text', undefined]) expect(sourceCodeOf(error)).toBe('source.failed')
  })

  it('survives an error whose getters throw', () => {
    const hostile = new Error()
    Object.defineProperty(hostile, 'name', {
      get: () => {
        throw new Error('hostile')
      },
    })
    expect(sourceCodeOf(hostile)).toBe('source.failed')
  })
})

describe('SourceReader', () => {
  it('registers what it has read, and notes when the source answered', async () => {
    const { reader, clock } = readerOf(async () => document)
    const outcome = await reader.read(new AbortController().signal)
    if (outcome.kind !== 'read') throw new Error('It failed')
    expect(reader.documentOf(outcome.candidate)).toEqual(document)
    expect(reader.verifiedAt).toBe(clock.now())
  })

  it('gives up at its deadline, and ignores what comes later', async () => {
    let answer: (result: ReadResult) => void = () => {}
    const { reader, clock } = readerOf(() => new Promise((resolve) => (answer = resolve)))
    const reading = reader.read(new AbortController().signal)
    await clock.advance(100)
    expect(await reading).toMatchObject({ kind: 'failed', failure: { code: 'source.timeout' } })
    answer(document)
    await clock.advance(0)
    expect(reader.verifiedAt).toBeUndefined()
  })

  it('ends at once when its signal aborts', async () => {
    const { reader } = readerOf(() => new Promise(() => {}))
    const controller = new AbortController()
    const reading = reader.read(controller.signal)
    controller.abort()
    expect(await reading).toMatchObject({ kind: 'failed', failure: { code: 'source.failed' } })
  })

  it('keeps the document under a marked candidate too', () => {
    const { reader } = readerOf(async () => document)
    const marked = reader.mark(reader.register(document), { isRepeated: true })
    expect(marked).toEqual({ revision, isRepeated: true })
    expect(reader.documentOf(marked)).toBe(document)
    expect(() => reader.documentOf({ revision })).toThrow('never registered')
  })
})
