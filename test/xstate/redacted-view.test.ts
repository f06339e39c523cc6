import { expect, test } from 'vitest'
import { viewOf } from '../../src/xstate/redacted-view.ts'

/** An actor as XState announces it: before it has its first state. */
const announced = {
  id: 'new',
  sessionId: 'x:1',
  getSnapshot: (): never => {
    throw new Error('no snapshot yet')
  },
}

test('An actor without a state is shown as active, because an inspector reads the status of each', () => {
  const event = { type: '@xstate.actor', rootId: 'x:0', actorRef: announced }
  const view = viewOf(event as never)
  expect(view).toMatchObject({ type: '@xstate.actor', rootId: 'x:0' })
  expect(view?.actorRef.getSnapshot()).toMatchObject({ status: 'active' })
})

test('An event of a kind that is not known is not shown', () => {
  expect(viewOf({ type: '@xstate.later', rootId: 'x:0', actorRef: announced } as never)).toBeUndefined()
})
