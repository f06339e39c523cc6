import { describe, expect, it } from 'vitest'
import { SingleFlight } from '../../src/async/single-flight.ts'

const never = new AbortController().signal

/** A task whose runs end when the test says so. */
const createTask = () => {
  const runs: { readonly signal: AbortSignal; end: (value: string) => void; fail: (error: Error) => void }[] = []
  const flight = new SingleFlight<string>((signal) => new Promise((end, fail) => void runs.push({ signal, end, fail })))
  const started = (count: number) => expect.poll(() => runs.length).toBe(count)
  return { runs, flight, started }
}

describe('Calls that come while a task runs', () => {
  it('share the next run, which starts when the first has ended, whether it succeeds or not', async () => {
    const { runs, flight, started } = createTask()
    const first = flight.join(never)
    await started(1)
    const [second, third] = [flight.join(never), flight.join(never)]
    runs[0]?.fail(new Error('scripted'))
    await expect(first).rejects.toThrow('scripted')
    await started(2)
    runs[1]?.end('two')
    expect([await second, await third]).toEqual(['two', 'two'])
    const fourth = flight.join(never)
    await started(3)
    runs[2]?.end('three')
    expect(await fourth).toBe('three')
  })

  it('do not start a run that no caller waits for any more', async () => {
    const { runs, flight, started } = createTask()
    const first = flight.join(never)
    await started(1)
    const controller = new AbortController()
    const second = flight.join(controller.signal)
    controller.abort('gone')
    await expect(second).rejects.toBe('gone')
    runs[0]?.end('one')
    expect(await first).toBe('one')
    const third = flight.join(never)
    await started(2)
    runs[1]?.end('two')
    expect(await third).toBe('two')
  })
})

describe('A task', () => {
  it('is told to stop when its last caller has gone, and not before', async () => {
    const { runs, flight, started } = createTask()
    const controllers = [new AbortController(), new AbortController()]
    const first = flight.join(never)
    await started(1)
    const waiting = controllers.map(({ signal }) => flight.join(signal).catch(String))
    runs[0]?.end('one')
    await first
    await started(2)
    controllers[0]?.abort('gone')
    await waiting[0]
    expect(runs[1]?.signal.aborted).toBe(false)
    controllers[1]?.abort('gone')
    await waiting[1]
    expect(runs[1]?.signal.aborted).toBe(true)
  })

  it('is no longer waited for after close, now or later', async () => {
    const { flight, started } = createTask()
    const first = flight.join(never)
    await started(1)
    const closed = new Error('closed')
    flight.close(closed)
    await expect(first).rejects.toBe(closed)
    await expect(flight.join(never)).rejects.toBe(closed)
  })
})
