import { reloadMachine } from 'changeover/machines'
import { describe, expect, it } from 'vitest'
import { observationOf, type ReloaderEvent } from '../../src/api/internal/observation.ts'
import type { MachineState } from '../../src/api/internal/machine-state.ts'
import { type Config, configOf, createHarness, startHarness, type Harness } from '../guarantees/harness.ts'

/** Collects the events and machine states of a reloader. */
const observe = (harness: Pick<Harness, 'reloader'>) => {
  const observation = observationOf(harness.reloader)
  const events: ReloaderEvent[] = []
  const states: MachineState[] = []
  const ends = [
    observation.observe((event) => events.push(event)),
    observation.observeMachines((state) => states.push(state)),
  ]
  return {
    observation,
    events,
    states,
    end: (): void => {
      for (const end of ends) end()
    },
    /** Lists the events as lines; with a module, only that module's phases. */
    story: (module?: string): string[] =>
      events.filter((event) => module === undefined || event.kind !== 'phase' || event.module === module).map(lineOf),
    reload: (): string[] => states.filter(({ machine }) => machine === 'reload').map(({ state }) => state),
  }
}

const lineOf = (event: ReloaderEvent): string => {
  switch (event.kind) {
    case 'began':
      return `began ${event.trigger}`
    case 'planned':
      return `planned ${event.modules.map(({ module, change }) => `${module} ${change}`).join(', ')}`
    case 'phase':
      return `${event.ended === undefined ? 'begins' : event.ended.result}: ${event.phase} ${event.module}`
    case 'record':
      return `record ${event.record.outcome}`
    default:
      return event.kind
  }
}

describe('The observation of a reloader', () => {
  it('covers each transaction from its start until the replaced generations are closed', async () => {
    const harness = createHarness({ config: configOf({ a: 1 }) })
    const seen = observe(harness)
    await harness.reloader.start()
    await harness.put(configOf({ a: 2, b: 1 }), 1_000)
    await harness.until(() => seen.story().includes('done: close a'), 'closed', 1_000)
    expect(seen.story('a')).toEqual([
      'began start',
      'planned a open',
      'begins: prepare a',
      'done: prepare a',
      'begins: commit a',
      'done: commit a',
      'record committed',
      'began change',
      'planned a replace, b open',
      'begins: prepare a',
      'done: prepare a',
      'begins: commit a',
      'done: commit a',
      'record committed',
      'begins: close a',
      'done: close a',
    ])
    expect(seen.story('b').slice(4)).toEqual([
      'planned a replace, b open',
      'begins: prepare b',
      'done: prepare b',
      'begins: commit b',
      'done: commit b',
      'record committed',
    ])
    await harness.end()
    expect(seen.story().at(-1)).toBe('closed')
  })

  it('covers a rollback, the modules that undo, and the generations that were prepared', async () => {
    const harness = await startHarness({ config: configOf({ a: 1, k: 1 }) })
    const seen = observe(harness)
    harness.modules.k.script('apply', 'reject')
    await harness.put(configOf({ a: 2, k: 2 }), 1_000)
    await harness.until(() => seen.story().includes('done: close a'), 'closed', 1_000)
    expect(seen.story('a')).toEqual([
      'began change',
      'planned a replace, k replace',
      'begins: prepare a',
      'done: prepare a',
      'begins: commit a',
      'done: commit a',
      'begins: rollback a',
      'done: rollback a',
      'record rolled-back',
      'begins: close a',
      'done: close a',
    ])
    expect(seen.story('k')).toEqual([
      'began change',
      'planned a replace, k replace',
      'begins: commit k',
      'done: commit k',
      'begins: complete k',
      'failed: complete k',
      'begins: rollback k',
      'done: rollback k',
      'begins: undo k',
      'done: undo k',
      'record rolled-back',
    ])
  })

  it('has the diff between the serving and the new config, with the values of public paths only', async () => {
    const harness = await startHarness({ config: configOf({ a: 1, b: 1 }), options: { public: ['a.value'] } })
    const seen = observe(harness)
    await harness.put(configOf({ a: 2, b: 2 }), 1_000)
    const planned = seen.events.find(({ kind }) => kind === 'planned')
    expect(planned).toMatchObject({
      diff: {
        count: 2,
        differences: [
          { path: 'a.value', change: 'changed', from: 1, to: 2 },
          { path: 'b.value', change: 'changed' },
        ],
      },
    })
    expect(JSON.stringify(planned)).not.toMatch(/b\.value[^}]*(from|to)/)
  })

  it('has the diff of a config that a policy rejects', async () => {
    const refuse = (next: Config): void => {
      if (next.a?.value === 9) throw new Error('no')
    }
    const harness = await startHarness({ config: configOf({ a: 1 }), options: { policies: [refuse] } })
    const seen = observe(harness)
    await harness.put(configOf({ a: 9 }), 1_000)
    expect(seen.story()).toEqual(['began change', 'planned ', 'record rejected'])
    expect(seen.events[1]).toMatchObject({ diff: { count: 1, differences: [{ path: 'a.value', change: 'changed' }] } })
  })

  it('leaves out dry runs', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    const seen = observe(harness)
    await harness.reloader.plan(JSON.stringify(configOf({ a: 2 })), { prepare: true })
    expect(seen.story()).toEqual([])
  })

  it('has failures that belong to no transaction', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }), checkCloses: false })
    const seen = observe(harness)
    harness.modules.a.script('close', 'reject')
    await harness.put(configOf({ a: 2 }), 1_000)
    await harness.until(() => seen.story().includes('reported'), 'reported', 1_000)
    expect(seen.story().slice(-2)).toEqual(['failed: close a', 'reported'])
  })

  it('has each step of the machines with its transitions', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    const seen = observe(harness)
    await harness.put(configOf({ a: 2 }), 1_000)
    await harness.until(() => seen.reload().at(-1) === 'committed', 'at rest', 1_000)
    expect(seen.reload()).toEqual(['validating', 'preparing', 'committing', 'committed'])
    const [first, second] = seen.states.filter(({ machine }) => machine === 'reload')
    expect(first).toMatchObject({ event: 'source.changed', active: ['reload.validating'] })
    expect(second).toMatchObject({
      value: { applying: 'preparing' },
      active: ['reload.applying', 'reload.applying.preparing'],
      event: 'xstate.done.actor.validateDocument',
      taken: [{ source: 'reload.validating', event: 'xstate.done.actor.validateDocument' }],
    })
    for (const { taken } of seen.states) expect(taken.length).toBeGreaterThan(0)
  })

  it('has every transition of a step that takes several', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    const seen = observe(harness)
    harness.modules.a.script('prepare', 'finish-on-abort')
    harness.source.put(configOf({ a: 2 }))
    await harness.until(() => seen.reload().includes('preparing'), 'preparing', 1_000)
    void harness.reloader.reload()
    harness.modules.a.release()
    await harness.next(1_000)
    await harness.next(1_000)
    const step = seen.states.find(({ state, taken }) => state === 'fetching' && taken.length > 0)
    expect(step?.taken.map(({ source, event, targets }) => [source, event, ...targets])).toEqual([
      ['reload.applying.committing', 'xstate.done.actor.commitModules', 'reload.resting.committed'],
      ['reload.resting', '', 'reload.fetching'],
    ])
    const resting = reloadMachine.getStateNodeById('reload.resting')
    expect(resting.always?.[step?.taken[1]?.index ?? -1]?.guard).toBe('readWaits')
  })

  it('has the current state of all machines', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    await harness.advance(1_000)
    const charts = observationOf(harness.reloader).machines()
    expect(charts.map(({ machine, state }) => `${machine} ${state}`)).toEqual([
      'reload committed',
      'watch watching',
      'admission calm',
    ])
    expect(charts[1]?.active).toEqual(['watch.following', 'watch.following.watching'])
  })

  it('holds no config value, whether transactions commit or fail', async () => {
    const secret = 7_712_340_685_193
    const harness = await startHarness({ config: configOf({ a: secret }, 'note-7712340685193'), checkCloses: false })
    const seen = observe(harness)
    harness.modules.a.script('prepare', 'reject')
    await harness.put(configOf({ a: secret + 1_000_000 }), 1_000)
    harness.modules.a.script('close', 'reject')
    await harness.put(configOf({ a: 5, b: secret }), 1_000)
    await harness.put('{ "a": 7712340685193', 1_000)
    await harness.put(JSON.stringify({ a: { value: 'x7712340685193' } }), 1_000)
    await harness.end()
    expect(seen.events.length).toBeGreaterThan(20)
    expect(seen.states.length).toBeGreaterThan(10)
    expect(JSON.stringify([seen.events, seen.states, seen.observation.status()])).not.toContain('71234068519')
  })
})

describe('An observer', () => {
  it('changes nothing if it throws', async () => {
    const harness = createHarness({ config: configOf({ a: 1 }) })
    const observation = observationOf(harness.reloader)
    let calls = 0
    const hurt = (): never => {
      calls += 1
      throw new Error('hostile')
    }
    observation.observe(hurt)
    observation.observeMachines(hurt)
    await harness.reloader.start()
    expect((await harness.next(1_000)).outcome).toBe('committed')
    expect((await harness.put(configOf({ a: 2 }), 1_000)).outcome).toBe('committed')
    expect(calls).toBeGreaterThan(10)
    expect(harness.reloader.status().counters.reported).toBe(0)
  })

  it('gets nothing after it stops, and the machines are no longer observed after the last one stops', async () => {
    const harness = await startHarness({ config: configOf({ a: 1 }) })
    const [one, other] = [observe(harness), observe(harness)]
    one.end()
    await harness.put(configOf({ a: 2 }), 1_000)
    expect([one.events.length, one.states.length]).toEqual([0, 0])
    expect(other.states.length).toBeGreaterThan(0)
    const { length } = other.states
    other.end()
    other.end()
    await harness.put(configOf({ a: 3 }), 1_000)
    expect(other.states.length).toBe(length)
    const again = observe(harness)
    await harness.put(configOf({ a: 4 }), 1_000)
    await harness.until(() => again.reload().at(-1) === 'committed', 'at rest', 1_000)
    expect(again.reload()).toEqual(['validating', 'preparing', 'committing', 'committed']) // Once each.
  })
})
