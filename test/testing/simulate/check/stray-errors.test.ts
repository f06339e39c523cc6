import { describe, expect, it } from 'vitest'
import { captureStrayErrors, errorText } from '../../../../src/testing/simulate/check/stray-errors.ts'

describe('Errors that no code handles', () => {
  const capture = () => {
    const seen: string[] = []
    const end = captureStrayErrors((error, what) => void seen.push(`${what}: ${errorText(error)}`))
    return { seen, end }
  }

  it('are caught until all that are on their way have come', async () => {
    const { seen, end } = capture()
    void Promise.reject(new Error('one'))
    setTimeout(() => {
      throw new Error('two')
    })
    setTimeout(() => void Promise.reject(new Error('three')))
    await end()
    expect(seen.toSorted()).toEqual([
      'an uncaught exception: Error: two',
      'an unhandled rejection: Error: one',
      'an unhandled rejection: Error: three',
    ])
  })

  it('go to the other listeners again afterwards', async () => {
    const before = process.rawListeners('unhandledRejection')
    const { seen, end } = capture()
    expect(process.listenerCount('unhandledRejection')).toBe(1)
    await end()
    expect(process.rawListeners('unhandledRejection')).toEqual(before)
    expect(process.hasUncaughtExceptionCaptureCallback()).toBe(false)
    expect(seen).toEqual([])
  })

  it('have a text, whatever was thrown', () => {
    const hostile = {
      toString: () => {
        throw new Error('hostile')
      },
    }
    expect([new TypeError('x'), 'x', undefined, hostile].map(errorText)).toEqual([
      'TypeError: x',
      'x',
      'undefined',
      'a value that cannot be converted to text',
    ])
  })
})
