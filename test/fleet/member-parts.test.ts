import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { changeoverError } from '../../src/model/failure.ts'
import { answersOf, commandName, decodeAnswer, encodeCommand, type FleetAction } from '../../src/fleet/fleet-command.ts'
import { EntryKeeper } from '../../src/fleet/member/entry-keeper.ts'
import { type Identity, type InstanceFacts, MemberFacts } from '../../src/fleet/member/facts.ts'
import { Obedience } from '../../src/fleet/member/obedience.ts'
import { ModelFleet } from './model-fleet.ts'
import { entriesOf } from './model-member.ts'

const never = new AbortController().signal
const identity = { id: 'web-1', service: 'shop', session: 'mine', labels: {} } as unknown as Identity

describe('A command for an instance', () => {
  const obeying = async (action: FleetAction, reloader: object, to: readonly string[] = ['web-1'], obeys = true) => {
    const store = new ModelFleet().store()
    const lease = await store.grant(60_000, never)
    const obedience = new Obedience(store, {
      id: () => 'web-1',
      lease: () => lease,
      obeys,
      reloader: { status: () => ({}), ...reloader } as never,
    })
    const command = encodeCommand({ id: '7', action, to, by: 'Ada', reason: 'migration' })
    await store.write({ expect: {}, put: { [commandName('7')]: command } }, never)
    const answers = async () => {
      const { entries } = await store.list(answersOf('7'), never)
      return entries.map(({ text }) => decodeAnswer(text))
    }
    return { obedience, answers }
  }

  it('is obeyed once, by those that are asked', async () => {
    const calls: unknown[] = []
    const freeze = async (...args: unknown[]): Promise<void> => void calls.push(args)
    const asked = await obeying('freeze', { freeze })
    await asked.obedience.obey(never)
    await asked.obedience.obey(never)
    expect(calls).toEqual([['migration', { by: 'Ada' }]])
    expect(await asked.answers()).toMatchObject([{ command: '7', instance: 'web-1', isDone: true }])
    const other = await obeying('freeze', { freeze }, ['web-2'])
    await other.obedience.obey(never)
    expect(calls).toHaveLength(1)
    expect(await other.answers()).toEqual([])
  })

  it('is answered with the reason if it fails, and with no text of a foreign error', async () => {
    const failing = async (error: unknown) => {
      const { obedience, answers } = await obeying('unfreeze', { unfreeze: () => Promise.reject(error) })
      await obedience.obey(never)
      return answers()
    }
    expect(await failing(changeoverError('reloader.closed'))).toMatchObject([
      { isDone: false, code: 'reloader.closed', message: expect.any(String) },
    ])
    expect(await failing(new Error('a secret text'))).toEqual([
      { schema: 1, command: '7', instance: 'web-1', isDone: false, code: 'internal.error' },
    ])
  })

  it('is not obeyed where the service does not allow it', async () => {
    const { obedience, answers } = await obeying('freeze', { freeze: () => expect.unreachable() }, ['web-1'], false)
    await obedience.obey(never)
    expect(await answers()).toMatchObject([{ isDone: false, code: 'fleet.not-allowed' }])
  })

  it.each([
    ['committed', true],
    ['unchanged', true],
    ['rolled-back', false],
  ])('says how a retry has ended: %s', async (outcome, isDone) => {
    const failures = isDone ? {} : { failures: [{ code: 'module.prepare-failed', module: 'db', message: 'no' }] }
    const { obedience, answers } = await obeying('retry', { retry: async () => ({ outcome, ...failures }) })
    await obedience.obey(never)
    const why = isDone ? {} : { code: 'module.prepare-failed', module: 'db', message: 'no' }
    expect(await answers()).toEqual([{ schema: 1, command: '7', instance: 'web-1', isDone, outcome, ...why }])
  })
})

describe('The facts of an instance', () => {
  const revision = { lineage: 'l', order: 7, name: '7' }
  const status = {
    state: 'committed',
    source: { revision },
    lastKnownGood: { revision },
    quarantine: [],
    degraded: [],
  }
  const record = { outcome: 'rolled-back', startedAt: 1_000.4, durationMs: 20.3, revision, failures: [] as object[] }
  const factsOf = (last?: object, more: object = {}): InstanceFacts =>
    new MemberFacts({ status: () => ({ ...status, ...(last && { last }), ...more }) } as never, 'place').read(identity)

  it('have when and how the last document was tried', () => {
    expect(factsOf(record).tried).toEqual({ revision: '7', document: '7', outcome: 'rolled-back', at: 1_021 })
    const failures = [{ code: 'module.prepare-failed', module: 'db' }, { code: 'other.code' }]
    expect(factsOf({ ...record, failures }).tried).toMatchObject({ code: 'module.prepare-failed', module: 'db' })
    for (const code of ['document.held', 'restart.held'])
      expect(factsOf({ ...record, failures: [{ code }] }).tried).toMatchObject({ outcome: 'held', code })
  })

  it.each(['superseded', 'aborted'])('have no %s try, which is no verdict', (outcome) => {
    expect(factsOf({ ...record, outcome }).tried).toBeUndefined()
  })

  it('have a state that lasts, and otherwise that it is applying', () => {
    const states = ['committed', 'rolled-back', 'soaking', 'confirming', 'preparing', 'validating']
    expect(states.map((state) => factsOf(undefined, { state }).state)).toEqual([
      'committed',
      'rolled-back',
      'soaking',
      'confirming',
      'applying',
      'applying',
    ])
  })
})

describe('The keeper of an entry', () => {
  const keeping = (factsOf: (identity: Identity) => object = (own) => own) => {
    const clock = createVirtualClock()
    const model = new ModelFleet(clock)
    const store = model.store()
    const keeper = new EntryKeeper(store, identity, { clock, ttlMs: 9_000 }, factsOf as never)
    return { clock, model, store, keeper }
  }

  it('writes at once, and renews three times in the life of its lease', async () => {
    const { clock, model, keeper } = keeping()
    expect(await keeper.step(never)).toBe(3_000)
    expect(await entriesOf(model)).toMatchObject([{ id: 'web-1', sequence: 1 }])
    await clock.advance(2_999)
    expect(await keeper.step(never)).toBe(1)
    await clock.advance(1)
    expect(await keeper.step(never)).toBe(3_000)
    expect(await entriesOf(model)).toMatchObject([{ sequence: 1 }])
  })

  it('writes a change once a second has passed since the last write', async () => {
    let state = 'committed'
    const { clock, model, keeper } = keeping((own) => ({ ...own, state }))
    await keeper.step(never)
    state = 'soaking'
    await clock.advance(400)
    expect(await keeper.step(never)).toBe(600)
    expect(await entriesOf(model)).toMatchObject([{ state: 'committed' }])
    await clock.advance(600)
    expect(await keeper.step(never)).toBe(2_000)
    expect(await entriesOf(model)).toMatchObject([{ state: 'soaking', sequence: 2 }])
  })

  it('takes another id if the entry is that of another process, and writes again without a rest', async () => {
    const { model, store, keeper } = keeping()
    const other = JSON.stringify({ schema: 1, ...identity, session: 'other', sequence: 5 })
    await store.write({ expect: {}, put: { 'instances/web-1': other } }, never)
    expect(await keeper.step(never)).toBe(0)
    expect(await keeper.step(never)).toBeGreaterThan(0)
    const entries = await entriesOf(model)
    expect(entries.map(({ session }) => session).toSorted()).toEqual(['mine', 'other'])
    expect(keeper.id).toMatch(/^web-1-[0-9a-f]{4}$/)
  })

  it('begins again without a rest if its lease has ended', async () => {
    const { clock, model, keeper } = keeping()
    await keeper.step(never)
    await clock.advance(9_001)
    expect(await keeper.step(never)).toBe(0)
    expect(await keeper.step(never)).toBe(3_000)
    expect(await entriesOf(model)).toMatchObject([{ id: 'web-1' }])
    await keeper.leave(never)
    expect([await entriesOf(model), model.leases, keeper.lease]).toEqual([[], [], undefined])
  })
})
