import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { decodeEntry, decodeHead, encodeEntry, encodeHead, newHead, newId } from '../../src/history/history-entry.ts'

const entry = {
  number: 3,
  time: '2026-03-02T09:30:00.000Z',
  author: 'Ada',
  reason: '',
  action: 'rollback',
  to: 1,
  digest: '0123456789abcdef',
  id: newId(),
  text: '{"n":1}',
} as const

const codeOf = (decode: () => unknown): unknown => {
  try {
    return decode()
  } catch (error) {
    return (error as { readonly code?: unknown }).code
  }
}

describe('What a history stores', () => {
  it('is read as it was written', () => {
    expect(decodeEntry(encodeEntry(entry), 3)).toEqual(entry)
    const head = newHead()
    expect(decodeHead(encodeHead(head))).toEqual(head)
    expect(head.number).toBe(0)
    expect(newHead().digestKey).not.toBe(head.digestKey)
  })

  const stored = (fields: object): Buffer => deflateSync(JSON.stringify({ schema: 1, ...entry, ...fields }))

  it.each<readonly [string, Uint8Array]>([
    ['bytes that are not compressed', Buffer.from(JSON.stringify(entry))],
    ['a text that is no JSON', deflateSync('{')],
    ['nothing', deflateSync('null')],
    ['a later version', stored({ schema: 2 })],
    ['another number', stored({ number: 4 })],
    ...['time', 'author', 'reason', 'action', 'digest', 'id', 'text'].map(
      (name) => [`no ${name}`, stored({ [name]: 7 })] as const,
    ),
  ])('is damaged as an entry if it is %s', (_, bytes) => {
    expect(codeOf(() => decodeEntry(bytes, 3))).toBe('history.damaged')
  })

  it.each(['{', 'null', '{"schema":1}', '{"schema":1,"number":-1,"digestKey":"a"}', '{"schema":1,"number":1}'])(
    'is damaged as a head if it is %s',
    (text) => {
      expect(codeOf(() => decodeHead(Buffer.from(text)))).toBe('history.damaged')
    },
  )
})
