import { createVirtualClock } from 'changeover/testing'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { isSameSecret, newSecret } from '../../../src/inspect/http/tokens.ts'
import { cookiesOf, Sessions } from '../../../src/inspect/http/sessions.ts'

const compared = vi.hoisted(() => ({
  lengths: [] as [number, number][],
  verdict: undefined as boolean | undefined,
}))

vi.mock('node:crypto', async (load) => {
  const real = await load<typeof import('node:crypto')>()
  const timingSafeEqual = (a: Buffer, b: Buffer): boolean => {
    compared.lengths.push([a.length, b.length])
    return compared.verdict ?? real.timingSafeEqual(a, b)
  }
  return { ...real, timingSafeEqual }
})

beforeEach(() => {
  compared.lengths = []
  compared.verdict = undefined
})

describe('a comparison of secrets', () => {
  it('tells whether they are the same', () => {
    const secret = newSecret()
    expect(isSameSecret(secret, `${secret}`)).toBe(true)
    for (const other of ['', secret.slice(1), `${secret} `, secret.toLowerCase(), newSecret()]) {
      expect(isSameSecret(secret, other)).toBe(false)
    }
  })

  it('takes the same time whatever is compared: it is always made, over two digests of one length', () => {
    const secret = newSecret()
    for (const other of ['', 'x', secret, `${secret}${secret}`, 'x'.repeat(100_000)]) isSameSecret(secret, other)
    expect(compared.lengths).toEqual(Array(5).fill([32, 32]))
  })

  it('is the only word on tokens and cookies: nothing else lets anybody in or keeps anybody out', () => {
    const sessions = new Sessions(createVirtualClock(), undefined)
    compared.verdict = false
    expect(sessions.open(sessions.token)).toBeUndefined()
    compared.verdict = undefined
    const session = sessions.open(sessions.token)
    compared.verdict = false
    expect(sessions.find([session?.secret ?? ''])).toBeUndefined()
    compared.verdict = true
    expect(sessions.open('anything')).toBeDefined()
    expect(sessions.find(['anything'])).toBe(session)
  })

  it('is made with every session, so that the time does not tell which of them fits', () => {
    const sessions = new Sessions(createVirtualClock(), undefined)
    const opened = [1, 2, 3].map(() => sessions.open(sessions.token))
    for (const session of opened) {
      compared.lengths = []
      expect(sessions.find([session?.secret ?? ''])).toBe(session)
      expect(compared.lengths).toHaveLength(3)
    }
  })
})

describe('sessions', () => {
  it('end after twelve hours', async () => {
    const clock = createVirtualClock()
    const sessions = new Sessions(clock, undefined)
    const session = sessions.open(sessions.token)
    await clock.advance(12 * 60 * 60 * 1_000 - 1)
    expect(sessions.find([session?.secret ?? ''])).toBe(session)
    await clock.advance(1)
    expect(sessions.find([session?.secret ?? ''])).toBeUndefined()
  })

  it('are sixteen at most: the oldest goes first', () => {
    const sessions = new Sessions(createVirtualClock(), 'a-token-of-my-own')
    const opened = Array.from({ length: 17 }, () => sessions.open('a-token-of-my-own')?.secret ?? '')
    expect(opened.map((secret) => sessions.find([secret]) !== undefined)).toEqual([false, ...Array(16).fill(true)])
  })

  it('have each a cookie and a CSRF token of their own', () => {
    const sessions = new Sessions(createVirtualClock(), 'a-token-of-my-own')
    const [one, other] = [sessions.open('a-token-of-my-own'), sessions.open('a-token-of-my-own')]
    expect(new Set([one?.secret, one?.csrf, other?.secret, other?.csrf]).size).toBe(4)
  })
})

describe('the values of a cookie', () => {
  it.each([
    ['a=1; b=2', ['1']],
    ['b=2;a=1;  a=3', ['1', '3']],
    ['aa=1; ba=1; A=1', []],
    ['a', []],
    ['a=', ['']],
    ['a=x=y', ['x=y']],
    [undefined, []],
    [Array(1_000).fill('a=1').join('; '), ['1', '1', '1', '1']],
  ])('are found in %s', (header, values) => {
    expect(cookiesOf(header, 'a')).toEqual(values)
  })
})
