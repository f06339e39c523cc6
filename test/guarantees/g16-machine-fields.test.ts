import { inspect as look } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { assign, createActor, fromPromise, type InspectionEvent, setup } from 'xstate'
import { viewOf } from '../../src/xstate/redacted-view.ts'
import { errorWithSecrets, secret, secretsIn } from '../support/secrets.ts'
import { createSpy, reachable } from './machine-spy.ts'

const limits = { timeout: 20_000, interval: 5 }

/**
 * Makes a machine that does everything that ours must not do: it holds secrets wherever a machine can hold anything.
 */
const createLeakyMachine = (reject: (error: unknown) => Promise<never>) => {
  const withSecrets = (place: string) => ({
    type: secret(`${place}-type`),
    password: secret(`${place}-password`),
    [secret(`${place}-key`)]: 1,
    candidate: {
      content: secret(`${place}-content`),
      revision: { lineage: 'a', order: 1, name: '1', text: secret(`${place}-text`) },
    },
    cause: errorWithSecrets(`${place}-cause`),
    degraded: [{ name: secret(`${place}-degraded`) }, errorWithSecrets(`${place}-list`)],
    waiting: errorWithSecrets(`${place}-waiting`),
    get epoch() {
      return secret(`${place}-getter`)
    },
  })
  return {
    withSecrets,
    machine: setup({
      actors: {
        resolves: fromPromise(async () => withSecrets('output')),
        rejects: fromPromise(() => reject(errorWithSecrets('rejected'))),
        rejectsText: fromPromise(() => reject(secret('rejected-text'))),
        rejectsData: fromPromise(() => reject(withSecrets('rejected-data'))),
      },
      actions: {
        act: (_, _params: object) => {},
      },
    }).createMachine({
      context: withSecrets('context') as object,
      initial: 'one',
      on: {
        noted: {
          actions: [
            { type: 'act', params: () => withSecrets('params') },
            assign(() => ({ ...withSecrets('assigned'), epoch: 1 })),
          ],
        },
      },
      states: {
        one: { invoke: { id: 'resolves', src: 'resolves', input: () => withSecrets('input'), onDone: 'two' } },
        two: { invoke: { id: 'rejects', src: 'rejects', onError: 'three' } },
        three: { invoke: { id: 'rejectsText', src: 'rejectsText', onError: 'four' } },
        four: { invoke: { id: 'rejectsData', src: 'rejectsData', onError: 'five' } },
        five: {
          on: {
            broken: {
              actions: () => {
                throw errorWithSecrets('action')
              },
            },
          },
        },
      },
    }),
  }
}

describe('G16 The content of a machine', () => {
  it('G16 is shown field by field, so that everything not listed stays hidden', async () => {
    const { machine, withSecrets } = createLeakyMachine((error) => Promise.reject(error))
    const spy = createSpy()
    const raw: InspectionEvent[] = []
    const inspect = (event: InspectionEvent): void => {
      raw.push(event)
      const view = viewOf(event)
      if (view !== undefined) spy.note(view)
    }
    const actor = createActor(machine, { id: 'reload', inspect })
    actor.subscribe({ error: () => {} })
    actor.start()
    actor.send({ ...withSecrets('event'), type: 'noted' })
    await vi.waitFor(() => expect(actor.getSnapshot().value).toBe('five'), limits)
    actor.send({ type: 'broken' })
    expect(actor.getSnapshot().status).toBe('error')
    expect(secretsIn(look(raw, { depth: 8 })).length).toBeGreaterThan(20)
    expect(spy.events.length).toBe(raw.length)
    expect(spy.leaks()).toEqual([])
    expect(reachable(spy.events).join()).toContain('lineage,a')
  })
})
