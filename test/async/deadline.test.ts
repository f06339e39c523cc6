import { createVirtualClock } from 'changeover/testing'
import { expect, test } from 'vitest'
import { withDeadline } from '../../src/async/deadline.ts'

const limitsOf = (graceMs: number) => ({ clock: createVirtualClock(), deadlineMs: 100, graceMs })

test.each([0, 50])(
  'A listener that throws when its call is abandoned changes nothing: grace %i ms',
  async (graceMs) => {
    const limits = limitsOf(graceMs)
    const heard: string[] = []
    const call = withDeadline(({ signal }) => {
      signal.addEventListener('abort', () => {
        throw new Error('of a listener')
      })
      signal.addEventListener('abort', () => heard.push('second'))
      return new Promise<never>(() => {})
    }, limits)
    await limits.clock.advance(1_000)
    expect(await call.result).toEqual({ kind: 'timed-out', settled: false })
    expect([heard, limits.clock.pending()]).toEqual([['second'], 0])
  },
)

test('What a listener throws is passed to those who want to hear it', async () => {
  const limits = limitsOf(0)
  const errors: unknown[] = []
  const body = ({ signal }: { readonly signal: AbortSignal }) => {
    signal.addEventListener('abort', () => {
      throw new Error('of a listener')
    })
    return new Promise<never>(() => {})
  }
  const call = withDeadline(body, { ...limits, onListenerError: (error) => errors.push((error as Error).message) })
  call.cancel()
  expect(await call.result).toEqual({ kind: 'cancelled', settled: false })
  expect(errors).toEqual(['of a listener'])
})

test('A call that ends within its grace has settled, and its late result is heard once', async () => {
  const limits = limitsOf(50)
  const late: unknown[] = []
  let end: (value: string) => void = () => {}
  const body = ({ signal }: { readonly signal: AbortSignal }) =>
    new Promise<string>((resolve) => {
      end = resolve
      signal.addEventListener('abort', () => void limits.clock.setTimeout(() => end('late'), 20))
    })
  const call = withDeadline(body, { ...limits, onLate: (result) => late.push(result) })
  await limits.clock.advance(1_000)
  expect(await call.result).toEqual({ kind: 'timed-out', settled: true })
  expect(late).toEqual([{ kind: 'value', value: 'late' }])
})

test('A signal that is read after the call was abandoned has aborted', async () => {
  const limits = limitsOf(0)
  let read: () => AbortSignal = () => new AbortController().signal
  const call = withDeadline((context) => {
    read = () => context.signal
    return new Promise<never>(() => {})
  }, limits)
  await limits.clock.advance(100)
  await call.result
  expect(read().aborted).toBe(true)
})

test.each<[string, () => unknown, unknown]>([
  ['a value', () => 1, { kind: 'done', value: 1 }],
  ['the value of a promise', async () => 2, { kind: 'done', value: 2 }],
])('A call ends with %s, and leaves no timer', async (_title, body, ended) => {
  const limits = limitsOf(50)
  expect(await withDeadline(body, limits).result).toEqual(ended)
  expect(limits.clock.pending()).toBe(0)
})
