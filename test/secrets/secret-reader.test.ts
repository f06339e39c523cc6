import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import type { SecretAnswer } from '../../src/api/secret-provider.ts'
import { SecretReader } from '../../src/secrets/secret-reader.ts'

const readerOf = (read: () => SecretAnswer): SecretReader =>
  new SecretReader(() => read(), 'db', {
    clock: createVirtualClock(),
    deadlineMs: 1_000,
    backoff: { minMs: 100, maxMs: 1_000 },
    random: () => 0.5,
    onListenerError: () => {},
  })

const call = { signal: new AbortController().signal }

describe('The read of a secret', () => {
  it('gives a value without a version the empty one, in a dry run too', async () => {
    const reader = readerOf(() => 'hunter22')
    const secret = { value: 'hunter22', version: '' }
    expect(await reader.read(call, false)).toEqual({ kind: 'read', secret })
    expect(reader.known).toBeUndefined()
    expect(await reader.read(call)).toEqual({ kind: 'read', secret })
    expect(reader.known).toEqual(secret)
  })

  it('keeps the version of its provider, and counts the values that came under the same', async () => {
    let answer: SecretAnswer = { value: 'first', version: '7' }
    const reader = readerOf(() => answer)
    expect(await reader.read(call, false)).toMatchObject({ secret: { version: '7' } })
    expect(await reader.read(call)).toMatchObject({ secret: { version: '7' } })
    answer = { value: 'second', version: '7' }
    expect(await reader.read(call)).toMatchObject({ secret: { value: 'second', version: '7#1' } })
  })
})
