import { createVirtualClock } from 'changeover/testing'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { parseCookies, Sessions } from '../../../src/inspect/http/sessions.ts'
import { createToken, isSameToken } from '../../../src/inspect/http/tokens.ts'

const compared = vi.hoisted(() => ({
  lengths: [] as [number, number][],
  override: undefined as boolean | undefined,
}))

vi.mock('node:crypto', async (load) => {
  const real = await load<typeof import('node:crypto')>()
  const timingSafeEqual = (a: Buffer, b: Buffer): boolean => {
    compared.lengths.push([a.length, b.length])
    return compared.override ?? real.timingSafeEqual(a, b)
  }
  return { ...real, timingSafeEqual }
})

beforeEach(() => {
  compared.lengths = []
  compared.override = undefined
})

describe('The comparison of tokens', () => {
  it('is true only if they are the same', () => {
    const token = createToken()
    expect(isSameToken(token, `${token}`)).toBe(true)
    for (const other of ['', token.slice(1), `${token} `, token.toLowerCase(), createToken()]) {
      expect(isSameToken(token, other)).toBe(false)
    }
  })

  it('takes the same time for all tokens, because it always compares two digests of the same length', () => {
    const token = createToken()
    for (const other of ['', 'x', token, `${token}${token}`, 'x'.repeat(100_000)]) isSameToken(token, other)
    expect(compared.lengths).toEqual(Array(5).fill([32, 32]))
  })

  it('alone decides on link tokens and cookies', () => {
    const sessions = new Sessions(createVirtualClock(), undefined)
    compared.override = false
    expect(sessions.open(sessions.linkToken)).toBeUndefined()
    compared.override = undefined
    const session = sessions.open(sessions.linkToken)
    compared.override = false
    expect(sessions.find([session?.id ?? ''])).toBeUndefined()
    compared.override = true
    expect(sessions.open('anything')).toBeDefined()
    expect(sessions.find(['anything'])).toBe(session)
  })

  it('runs for every session, so that the time does not reveal which one matched', () => {
    const sessions = new Sessions(createVirtualClock(), undefined)
    const opened = [1, 2, 3].map(() => sessions.open(sessions.linkToken))
    for (const session of opened) {
      compared.lengths = []
      expect(sessions.find([session?.id ?? ''])).toBe(session)
      expect(compared.lengths).toHaveLength(3)
    }
  })
})

describe('Sessions', () => {
  it('end after twelve hours', async () => {
    const clock = createVirtualClock()
    const sessions = new Sessions(clock, undefined)
    const session = sessions.open(sessions.linkToken)
    await clock.advance(12 * 60 * 60 * 1_000 - 1)
    expect(sessions.find([session?.id ?? ''])).toBe(session)
    await clock.advance(1)
    expect(sessions.find([session?.id ?? ''])).toBeUndefined()
  })

  it('are at most sixteen: another one drops the oldest', () => {
    const sessions = new Sessions(createVirtualClock(), 'a-token-of-my-own')
    const opened = Array.from({ length: 17 }, () => sessions.open('a-token-of-my-own')?.id ?? '')
    expect(opened.map((id) => sessions.find([id]) !== undefined)).toEqual([false, ...Array(16).fill(true)])
  })

  it('each have their own id and CSRF token', () => {
    const sessions = new Sessions(createVirtualClock(), 'a-token-of-my-own')
    const [one, other] = [sessions.open('a-token-of-my-own'), sessions.open('a-token-of-my-own')]
    expect(new Set([one?.id, one?.csrfToken, other?.id, other?.csrfToken]).size).toBe(4)
  })
})

describe('The values of a cookie', () => {
  it.each([
    ['a=1; b=2', ['1']],
    ['b=2;a=1;  a=3', ['1', '3']],
    ['aa=1; ba=1; A=1', []],
    ['a', []],
    ['a=', ['']],
    ['a=x=y', ['x=y']],
    [undefined, []],
    [Array(1_000).fill('a=1').join('; '), ['1', '1', '1', '1']],
  ])('are parsed from %s', (header, values) => {
    expect(parseCookies(header, 'a')).toEqual(values)
  })
})
