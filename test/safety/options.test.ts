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
  ['a soak that is no number', { soak: '10 s' }],
  ['a soak of NaN', { soak: Number.NaN }],
  ['a soak beyond what timers hold', { soak: 2 ** 31 }],
  ['a soak without a duration', { soak: {} }],
  ['an interval of 0', { soak: { durationMs: 1_000, intervalMs: 0 } }],
  ['an interval of NaN', { soak: { durationMs: 1_000, intervalMs: Number.NaN } }],
  ['a threshold of 0', { soak: { durationMs: 1_000, failureThreshold: 0 } }],
  ['half a threshold', { soak: { durationMs: 1_000, failureThreshold: 1.5 } }],
  ['rounds that do not fit', { soak: { durationMs: 1_000, intervalMs: 501, failureThreshold: 3 } }],
  [
    'rounds that do not fit into the proof',
    { soak: { durationMs: 0, intervalMs: 600, failureThreshold: 3 }, confirm: { withinMs: 1_000 } },
  ],
  ['checks without a soak', { soak: { durationMs: 0, checks: [() => {}] } }],
  ['a check that is no function', { soak: { durationMs: 1_000, checks: [1] } }],
  ['a confirmation sooner than the soak ends', { soak: 10_000, confirm: { withinMs: 9_999 } }],
  ["a confirmation sooner than a store's soak ends", { lastKnownGood: store, confirm: { withinMs: 9_999 } }],
  ['a confirmation without a time', { confirm: {} }],
  ['a confirmation within nothing', { confirm: { withinMs: 0 } }],
  ['a confirmation as a number', { confirm: 60_000 }],
  ['no attempt at all', { maxAttempts: 0 }],
  ['half an attempt', { maxAttempts: 1.5 }],
  ['a build that is no text', { build: 1 }],
  ['a build of endless length', { build: 'x'.repeat(201) }],
  ['an empty path', { lastKnownGood: '' }],
  ['a store that cannot save', { lastKnownGood: { load: () => undefined } }],
  ['no store', { lastKnownGood: null }],
  ['a quarantine that ends before it begins', { quarantine: { minMs: 2, maxMs: 1 } }],
  ['a quarantine of a crash without length', { quarantine: { crashMs: 0 } }],
  ['a deadline of nothing for the disk', { deadlines: { persistMs: 0 } }],
])('Refused at construction: %s', (_, options) => {
  expect(() => make(options)).toThrowError(expect.objectContaining({ code: 'reloader.invalid-option' }))
})

test.each([
  ['rounds that just fit', { soak: { durationMs: 1_000, intervalMs: 500, failureThreshold: 3 } }],
  [
    'an interval longer than the soak, since the last round is at its end',
    { soak: { durationMs: 1_000, intervalMs: 5_000 } },
  ],
  ['a confirmation as long as the soak', { soak: 10_000, confirm: { withinMs: 10_000 } }],
  [
    'a confirmation without a soak, with checks',
    { soak: { durationMs: 0, checks: [() => {}] }, confirm: { withinMs: 1_000 } },
  ],
  ['a store without a soak', { soak: 0, lastKnownGood: store }],
])('Taken: %s', (_, options) => {
  expect(() => make(options)).not.toThrow()
})
