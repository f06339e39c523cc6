import { createReloader, type ReloaderOptions } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import type { GoodStore } from '../../src/api/good-store.ts'
import { Config } from './process.ts'

const make = (options: object): unknown =>
  createReloader({ source: memorySource(), schema: Config, ...options } as ReloaderOptions<Config>)

const store: GoodStore = { load: () => undefined, save: () => undefined }

test.each([
  ['a negative soak', { soak: -1 }],
  ['a soak that is not a number', { soak: '10 s' }],
  ['a soak of NaN', { soak: Number.NaN }],
  ['a soak that is too long for timers', { soak: 2 ** 31 }],
  ['a soak without a duration', { soak: {} }],
  ['an interval of 0', { soak: { durationMs: 1_000, intervalMs: 0 } }],
  ['an interval of NaN', { soak: { durationMs: 1_000, intervalMs: Number.NaN } }],
  ['a threshold of 0', { soak: { durationMs: 1_000, failureThreshold: 0 } }],
  ['a fractional threshold', { soak: { durationMs: 1_000, failureThreshold: 1.5 } }],
  ['rounds that do not fit into the soak', { soak: { durationMs: 1_000, intervalMs: 501, failureThreshold: 3 } }],
  [
    "rounds that do not fit into a store's soak",
    { soak: { durationMs: 0, intervalMs: 600, failureThreshold: 3 }, confirm: { withinMs: 1_000 } },
  ],
  ['checks without a soak', { soak: { durationMs: 0, checks: [() => {}] } }],
  ['a check that is not a function', { soak: { durationMs: 1_000, checks: [1] } }],
  ['a confirmation deadline before the end of the soak', { soak: 10_000, confirm: { withinMs: 9_999 } }],
  ["a confirmation deadline before the end of a store's soak", { lastKnownGood: store, confirm: { withinMs: 9_999 } }],
  ['a confirmation without a time', { confirm: {} }],
  ['a confirmation deadline of zero', { confirm: { withinMs: 0 } }],
  ['a confirmation as a number', { confirm: 60_000 }],
  ['zero attempts', { maxAttempts: 0 }],
  ['a fractional number of attempts', { maxAttempts: 1.5 }],
  ['a build that is not a string', { build: 1 }],
  ['a build that is too long', { build: 'x'.repeat(201) }],
  ['an empty path', { lastKnownGood: '' }],
  ['a store that cannot save', { lastKnownGood: { load: () => undefined } }],
  ['no store', { lastKnownGood: null }],
  ['a quarantine that ends before it begins', { quarantine: { minMs: 2, maxMs: 1 } }],
  ['a quarantine of zero for a crash', { quarantine: { crashMs: 0 } }],
  ['a persistence deadline of zero', { deadlines: { persistMs: 0 } }],
])('The option is rejected at construction: %s', (_, options) => {
  expect(() => make(options)).toThrowError(expect.objectContaining({ code: 'reloader.invalid-option' }))
})

test.each([
  ['rounds that just fit', { soak: { durationMs: 1_000, intervalMs: 500, failureThreshold: 3 } }],
  [
    'an interval longer than the soak, because the last round comes at its end',
    { soak: { durationMs: 1_000, intervalMs: 5_000 } },
  ],
  ['a confirmation as long as the soak', { soak: 10_000, confirm: { withinMs: 10_000 } }],
  [
    'a confirmation without a soak, with checks',
    { soak: { durationMs: 0, checks: [() => {}] }, confirm: { withinMs: 1_000 } },
  ],
  ['a store without a soak', { soak: 0, lastKnownGood: store }],
])('The option is accepted: %s', (_, options) => {
  expect(() => make(options)).not.toThrow()
})
