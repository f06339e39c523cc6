import { describe, expect, it } from 'vitest'
import { createActor, setup } from 'xstate'
import { HostCalls } from '../../src/xstate/host-calls.ts'
import { type WorkCall, WorkRunner } from '../../src/xstate/work-runner.ts'

/** Runs a machine whose two states work, each until its answer, `again` or `leave`. */
const run = (work: (call: WorkCall, turn: number) => unknown) => {
  const calls = new HostCalls()
  const runner = new WorkRunner<'work'>(calls, (answer) => send(answer))
  const begun: WorkCall[] = []
  const machine = setup({
    actions: {
      work: () =>
        runner.begin('work', (call) => {
          begun.push(call)
          return work(call, begun.length)
        }),
      stopWork: () => runner.stop(),
    },
  }).createMachine({
    initial: 'working',
    states: {
      working: {
        entry: 'work',
        exit: 'stopWork',
        on: {
          'xstate.done.actor.work': 'done',
          'xstate.error.actor.work': 'failed',
          again: { target: 'working', reenter: true },
          pass: 'passing',
          leave: 'left',
        },
      },
      passing: { entry: 'work', exit: 'stopWork', always: 'left' },
      done: {},
      failed: {},
      left: {},
    },
  })
  const actor = createActor(machine)
  const send = (event: { readonly type: string }): void => calls.around(() => actor.send(event))
  calls.around(() => actor.start())
  return { begun, calls, send, state: () => actor.getSnapshot().value }
}

describe('The work of a state', () => {
  it('answers in the same turn if it is no promise', () => {
    expect(run(() => 'x').state()).toBe('done')
  })

  it('answers once its promise has settled', async () => {
    const { state } = run(async () => 'x')
    expect(state()).toBe('working')
    await Promise.resolve()
    expect(state()).toBe('done')
  })

  it('is an error of the machine if it throws or rejects', async () => {
    const thrown = run(() => {
      throw new Error('no')
    })
    expect(thrown.state()).toBe('failed')
    const rejected = run(() => Promise.reject(new Error('no')))
    await Promise.resolve()
    expect(rejected.state()).toBe('failed')
  })

  it('is cancelled if its state is left: its signal aborts, it is called back, and its answer is dropped', async () => {
    let answer: (value: string) => void = () => {}
    const { begun, send, state } = run(() => new Promise((resolve) => (answer = resolve)))
    const [call] = begun
    if (call === undefined) throw new Error('No work was begun')
    let cancelled = 0
    call.onCancel(() => {
      cancelled += 1
    })
    const { signal } = call
    expect(signal.aborted).toBe(false)
    send({ type: 'leave' })
    expect([signal.aborted, cancelled]).toEqual([true, 1])
    call.onCancel(() => {
      cancelled += 1
    })
    expect(cancelled).toBe(2)
    answer('late')
    await Promise.resolve()
    expect(state()).toBe('left')
  })

  it('has an aborted signal if that is first read after the state was left', () => {
    const { begun, send } = run(() => new Promise(() => {}))
    send({ type: 'leave' })
    expect(begun[0]?.signal.aborted).toBe(true)
  })

  it('is not answered by the work of an earlier visit to the same state', async () => {
    const answers: ((value: string) => void)[] = []
    const { send, state } = run(() => new Promise((resolve) => answers.push(resolve)))
    send({ type: 'again' })
    expect(answers).toHaveLength(2)
    answers[0]?.('early')
    await Promise.resolve()
    expect(state()).toBe('working')
    answers[1]?.('x')
    await Promise.resolve()
    expect(state()).toBe('done')
  })

  it('is not begun if its state is left within the event that has led into it', () => {
    const { begun, send, state } = run(() => new Promise(() => {}))
    send({ type: 'pass' })
    expect([begun.length, state()]).toEqual([1, 'left'])
  })

  it('is dropped if its own call makes the machine leave the state', () => {
    const scene = run((_, turn) => {
      if (turn === 2) scene.send({ type: 'leave' })
      return turn === 1 ? new Promise(() => {}) : 'x'
    })
    scene.send({ type: 'again' })
    expect(scene.state()).toBe('left')
  })
})

describe('The calls of machines', () => {
  it('are made after the outermost event, in their order, and with what they add themselves', () => {
    const calls = new HostCalls()
    const made: string[] = []
    calls.around(() => {
      calls.around(() => calls.add(() => made.push('first')))
      calls.add(() => {
        made.push('second')
        calls.around(() => calls.add(() => made.push('fourth')))
        made.push('third')
      })
      made.push('event')
    })
    expect(made).toEqual(['event', 'first', 'second', 'third', 'fourth'])
  })

  it('are made soon if no event is under way', async () => {
    const calls = new HostCalls()
    const made: string[] = []
    calls.add(() => made.push('call'))
    expect(made).toEqual([])
    await Promise.resolve()
    expect(made).toEqual(['call'])
  })

  it('are made after the event of a timer', () => {
    const calls = new HostCalls()
    const made: string[] = []
    let fire: () => void = () => {}
    const timers = calls.timersOf({
      setTimeout: (callback) => {
        fire = callback
        return 1
      },
      clearTimeout: () => {},
    })
    timers.setTimeout(() => {
      calls.add(() => made.push('call'))
      made.push('event')
    }, 10)
    fire()
    expect(made).toEqual(['event', 'call'])
  })

  it('are made although the event has thrown', () => {
    const calls = new HostCalls()
    const made: string[] = []
    const event = (): void => {
      calls.add(() => made.push('call'))
      throw new Error('no')
    }
    expect(() => calls.around(event)).toThrow('no')
    expect(made).toEqual(['call'])
  })
})
