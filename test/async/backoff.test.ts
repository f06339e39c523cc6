import { describe, expect, it } from 'vitest'
import { backoffMs, safeRandom } from '../../src/async/backoff.ts'

describe('The delay before an attempt', () => {
  it.each([
    [1, 50, 100],
    [2, 100, 200],
    [3, 200, 400],
    [4, 350, 700],
    [40, 350, 700],
    [0, 50, 100],
  ])('doubles up to the maximum, and half of it is random: attempt %i', (attempt, least, most) => {
    const limits = { minMs: 100, maxMs: 700 }
    expect(backoffMs(limits, attempt, () => 0)).toBe(least)
    expect(backoffMs(limits, attempt, () => 0.5)).toBe((least + most) / 2)
    expect(backoffMs(limits, attempt, () => 1)).toBe(most)
  })
})

describe('A generator of random numbers that the user gives', () => {
  it.each([0, 0.25, 0.999])('is used while it stays in its range: %d', (value) => {
    expect(safeRandom(() => value)()).toBe(value)
  })

  it.each<[string, () => unknown]>([
    ['one', () => 1],
    ['more than one', () => 1.5],
    ['less than nothing', () => -0.1],
    ['no number', () => Number.NaN],
    ['an endless number', () => Number.POSITIVE_INFINITY],
    ['a text', () => '0.5'],
    ['nothing', () => undefined],
    ['a promise that rejects', () => Promise.reject(new Error('scripted'))],
    ['an error', () => { throw new Error('scripted') }], // biome-ignore format: one line
  ])('is replaced if it gives %s', (_title, random) => {
    const draw = safeRandom(random)
    const values = Array.from({ length: 20 }, draw)
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
    expect(new Set(values).size).toBeGreaterThan(1)
  })
})
