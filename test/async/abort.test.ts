import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { cancelOnAbort, linkSignals, raceAbort } from '../../src/async/abort.ts'

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

describe('Linked signals', () => {
  it('abort with the first parent that aborts, for its reason, and once', () => {
    const [one, two] = [new AbortController(), new AbortController()]
    const { signal } = linkSignals(one.signal, two.signal)
    expect(signal.aborted).toBe(false)
    two.abort('second')
    expect(signal.reason).toBe('second')
    one.abort('first')
    expect(signal.reason).toBe('second')
  })

  it('have aborted at once if a parent has', () => {
    const { signal } = linkSignals(new AbortController().signal, AbortSignal.abort('before'))
    expect(signal.reason).toBe('before')
  })

  it('leave no listener behind after unlink, and abort no more', () => {
    const [one, two] = [new AbortController(), new AbortController()]
    const { signal, unlink } = linkSignals(one.signal, two.signal)
    expect([one, two].map((each) => listenersOf(each.signal))).toEqual([1, 1])
    unlink()
    expect([one, two].map((each) => listenersOf(each.signal))).toEqual([0, 0])
    one.abort()
    expect(signal.aborted).toBe(false)
  })
})

describe('A race against a signal', () => {
  it('ends as the work does, and leaves no listener behind', async () => {
    const { signal } = new AbortController()
    expect(await raceAbort(Promise.resolve(1), signal)).toBe(1)
    await expect(raceAbort(Promise.reject(new Error('of the work')), signal)).rejects.toThrow('of the work')
    await expect.poll(() => listenersOf(signal)).toBe(0)
  })

  it('rejects for the reason of the signal as soon as that aborts, or with what is made of it', async () => {
    const controller = new AbortController()
    const never = new Promise<never>(() => {})
    const plain = raceAbort(never, controller.signal)
    const changed = raceAbort(never, controller.signal, (reason) => `because of ${reason}`)
    controller.abort('a reason')
    await expect(plain).rejects.toBe('a reason')
    await expect(changed).rejects.toBe('because of a reason')
    await expect(raceAbort(never, controller.signal)).rejects.toBe('a reason')
  })
})

describe('A call that is cancelled by a signal', () => {
  it('is cancelled when the signal aborts, and not after it has ended', async () => {
    const controller = new AbortController()
    let cancels = 0
    const cancel = (): void => {
      cancels += 1
    }
    expect(await cancelOnAbort({ result: Promise.resolve('done'), cancel }, controller.signal)).toBe('done')
    let resolve: (value: string) => void = () => {}
    const running = cancelOnAbort({ result: new Promise<string>((end) => (resolve = end)), cancel }, controller.signal)
    controller.abort()
    expect(cancels).toBe(1)
    resolve('late')
    expect(await running).toBe('late')
    expect(listenersOf(controller.signal)).toBe(0)
  })
})
