import { admissionMachine, reloadMachine, watchMachine } from 'changeover/machines'
import { expect, test } from 'vitest'
import { createActor } from 'xstate'
import { shownFields, shownPart } from '../../src/xstate/shown-fields.ts'

const input = { soaks: true, confirms: true, persists: true }

const contexts: Readonly<Record<string, object>> = {
  reload: createActor(reloadMachine, { input }).getSnapshot().context,
  watch: createActor(watchMachine).getSnapshot().context,
  admission: createActor(admissionMachine).getSnapshot().context,
}

const isPlain = (value: unknown): boolean =>
  ['string', 'number', 'boolean'].includes(typeof value) || Array.isArray(value)

test.each(Object.keys(contexts))(
  'An inspector sees every number, flag and list that the %s machine holds',
  (machine) => {
    const plain = Object.entries(contexts[machine] ?? {}).filter(([, value]) => isPlain(value))
    expect(plain.length).toBeGreaterThan(0)
    expect(shownPart(contexts[machine], shownFields.context)).toMatchObject(Object.fromEntries(plain))
  },
)

const revision = { lineage: 'one', order: 4, name: 'four' }
const candidate = { revision, isLastKnownGood: true, cannotServe: true, isRepeated: true }

test('An inspector sees the names, orders and reasons in events, answers and inputs, and nothing beside them', () => {
  const own = { candidate, cause: 'source.closed' }
  expect(shownPart({ type: 'e', actorId: 'a', ...own, text: 'x' }, shownFields.event)).toEqual({
    type: 'e',
    actorId: 'a',
    ...own,
  })
  const output = { kind: 'done', ...own, compensates: true, isAttempt: false, isQuarantined: true, degraded: ['a', {}] }
  expect(shownPart({ ...output, untried: 'source', password: 'x' }, shownFields.output)).toEqual({
    ...output,
    degraded: ['a'],
    untried: 'source',
  })
  const given = {
    after: revision,
    seen: revision,
    epoch: 3,
    waiting: { candidate, revert: candidate, read: 1, secret: false, close: true },
  }
  expect(shownPart({ ...given, config: {} }, shownFields.input)).toEqual(given)
})
