import { describe, expect, it } from 'vitest'
import { createActor, setup, waitFor } from 'xstate'
import { fromStep, type StepCall } from '../../src/xstate/step-actor.ts'

/** A machine with one step, which ends by `leave` or by the step's answer. */
const machineOf = (step: (call: StepCall<unknown>) => Promise<string>) =>
  setup({ actors: { step: fromStep(step) } }).createMachine({
    initial: 'working',
    states: {
      working: {
        invoke: {
          src: 'step',
          onDone: { target: 'done' },
          onError: { target: 'failed' },
        },
        on: { leave: 'left' },
      },
      done: { type: 'final' },
      failed: { type: 'final' },
      left: {},
    },
  })

describe('fromStep', () => {
  it('answers with what the step resolves to', async () => {
    const actor = createActor(machineOf(async () => 'x')).start()
    expect((await waitFor(actor, ({ status }) => status === 'done')).value).toBe('done')
  })

  it('takes a rejection as an error of the machine', async () => {
    const actor = createActor(machineOf(() => Promise.reject(new Error('no')))).start()
    expect((await waitFor(actor, ({ status }) => status === 'done')).value).toBe('failed')
  })

  it('aborts its signal and calls back when the machine leaves the state, and drops a late answer', async () => {
    const calls: StepCall<unknown>[] = []
    let answer: (value: string) => void = () => {}
    const actor = createActor(
      machineOf((call) => {
        calls.push(call)
        return new Promise((resolve) => (answer = resolve))
      }),
    ).start()
    const [call] = calls
    if (call === undefined) throw new Error('The step was not called')
    let cancelled = 0
    call.onCancel(() => {
      cancelled += 1
    })
    const { signal } = call
    expect(signal.aborted).toBe(false)
    actor.send({ type: 'leave' })
    expect(signal.aborted).toBe(true)
    expect(cancelled).toBe(1)
    call.onCancel(() => {
      cancelled += 1
    })
    expect(cancelled).toBe(2)
    answer('late')
    await Promise.resolve()
    expect(actor.getSnapshot().value).toBe('left')
  })

  it('makes an aborted signal if it is first read after the state was left', () => {
    const calls: StepCall<unknown>[] = []
    const actor = createActor(
      machineOf((call) => {
        calls.push(call)
        return new Promise(() => {})
      }),
    ).start()
    actor.send({ type: 'leave' })
    expect(calls[0]?.signal.aborted).toBe(true)
  })
})
